"""The inbox: what a person was told in the app and over WebSocket, in order and countable."""

from typing import ClassVar

from django.db import models


class InboxCounter(models.Model):
    """Per user: the last sequence number given and the number of unread items, kept in the same transaction."""

    user_id = models.UUIDField(primary_key=True)
    last_seq = models.BigIntegerField(default=0)
    unread = models.IntegerField(default=0)

    class Meta:
        db_table = "inbox_counter"

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"


class InboxItem(models.Model):
    """One item; its id is the notification's. `content` holds title, body, link and data."""

    id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField()
    channel = models.TextField()
    seq = models.BigIntegerField()
    category = models.TextField(default="", blank=True)
    priority = models.SmallIntegerField()
    content_sealed = models.BinaryField()
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "inbox_item"
        # unique by the counter's lock; a unique index cannot span partitions of another key
        indexes: ClassVar = [models.Index(fields=["user_id", "seq"], name="inbox_item_seq")]

    def __str__(self) -> str:
        return f"inbox item {self.id}"
