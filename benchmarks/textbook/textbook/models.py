"""A notification, and what stands in a person's inbox."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Notification(models.Model):
    """One message to one user on one channel."""

    class Channel(models.TextChoices):
        EMAIL = "email"
        WEBHOOK = "webhook"
        IN_APP = "in_app"

    class Status(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    channel = models.CharField(max_length=16, choices=Channel)
    template = models.CharField(max_length=64)
    context = models.JSONField(default=dict)
    reference = models.CharField(max_length=64, db_index=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING, db_index=True)
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"notification {self.pk}"


class InboxItem(models.Model):
    """What the person finds in the app."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    notification = models.OneToOneField(Notification, on_delete=models.CASCADE)
    title = models.CharField(max_length=255)
    body = models.TextField()
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["user", "created_at"], name="textbook_inbox")]

    def __str__(self) -> str:
        return f"inbox item {self.pk}"
