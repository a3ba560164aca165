"""The sandbox outbox: what sandbox providers 'sent', kept for a person to look at."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id
from clarion.records.personal.sealed import sealed_json


class OutboxMessage(models.Model):
    """`content` holds recipient, title, text, html, headers, data and raw; `recipient_hash` finds by address."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message_id = models.TextField(unique=True)
    notification_id = models.UUIDField(db_index=True)
    user_id = models.UUIDField(db_index=True)
    channel = models.TextField()
    recipient_hash = models.BinaryField(db_index=True, max_length=32)
    content_sealed = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "outbox_entry"
        indexes: ClassVar = [models.Index(fields=["channel", "-id"], name="outbox_channel_newest")]

    content = sealed_json("content_sealed")

    def __str__(self) -> str:
        return f"outbox {self.channel} {self.id}"
