"""Clarion: a self-hosted notification service. The storeys are described in docs/architecture.md."""

__version__ = "0.1.0"
