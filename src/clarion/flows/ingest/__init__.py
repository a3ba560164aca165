"""Ingest: from what a caller asks to durable, queued notifications. Read flow.py first."""
