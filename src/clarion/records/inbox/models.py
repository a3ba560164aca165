"""The inbox: what a person was told in the app and over WebSocket, in order and countable."""

from typing import ClassVar

from django.db import models


class InboxCounter(models.Model):
    """Per user: the last numbers given (of an item, of a change) and how many items are unread and unseen, kept in the
    transaction of what they count."""

    user_id = models.UUIDField(primary_key=True)
    last_seq = models.BigIntegerField(default=0)
    last_rev = models.BigIntegerField(default=0)
    unread = models.IntegerField(default=0)
    unseen = models.IntegerField(default=0)

    class Meta:
        db_table = "inbox_counter"

    def __str__(self) -> str:
        return f"inbox of {self.user_id}"


class InboxItem(models.Model):
    """One item; its id is the notification's. `content` holds title, body, link and data. `seq` numbers the items of a
    person, `rev` the changes of their inbox: an item carries that of its latest change, and `born_rev` that of its
    arrival. What is dismissed, archived, snoozed or recalled is neither unread nor unseen. `acted`: the action that
    was taken."""

    id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField()
    channel = models.TextField()
    seq = models.BigIntegerField()
    rev = models.BigIntegerField(default=0)
    born_rev = models.BigIntegerField(default=0)
    category = models.TextField(default="", blank=True)
    priority = models.SmallIntegerField()
    content_sealed = models.BinaryField()
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    dismissed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    recalled_at = models.DateTimeField(null=True)
    group_key = models.TextField(default="", blank=True)
    acted = models.TextField(default="", blank=True)

    class Meta:
        db_table = "inbox_item"
        # unique by the counter's lock; a unique index cannot span partitions of another key
        indexes: ClassVar = [
            models.Index(fields=["user_id", "seq"], name="inbox_item_seq"),
            models.Index(fields=["user_id", "rev", "seq"], name="inbox_item_rev"),
            models.Index(
                fields=["snoozed_until"],
                condition=models.Q(snoozed_until__isnull=False),
                name="inbox_item_snoozed",
            ),
        ]

    def __str__(self) -> str:
        return f"inbox item {self.id}"
