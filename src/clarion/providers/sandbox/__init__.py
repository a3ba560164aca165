"""The sandbox: carries every channel into the outbox page instead of the world. Magic recipients: README.md."""

from clarion.providers.sandbox.send import ENTRY

__all__ = ["ENTRY"]
