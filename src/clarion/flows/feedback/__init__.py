"""Feedback: from a vendor's callback to what it changes. Read flow.py first."""
