"""Flows make things happen; each has a flow.py that reads like a table of contents."""
