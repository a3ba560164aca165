"""Delivery: from queued notifications to settled ones. Read flow.py first."""
