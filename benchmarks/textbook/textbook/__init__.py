"""The textbook design of a notification service, to measure Clarion against: Django, DRF, one Celery task a message."""

from textbook.celery import app as celery_app

__all__ = ["celery_app"]
