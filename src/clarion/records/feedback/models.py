"""What vendors report: where they report it (Door), what came in (Callback), what of it still has to be looked at
(Task), what it said about our notifications (Report), and what waits for a notification to be known (Waiting)."""

from typing import ClassVar

from django.db import models

from clarion.records.accounts.models import Account
from clarion.records.ids import new_id
from clarion.records.personal.sealed import sealed_text


class Door(models.Model):
    """The token in an account's callback URL. After a rotation the one before is good for a while, because vendors go
    on reporting to the URL that a message was sent with."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="door")
    token_sealed = models.BinaryField()
    token_hash = models.BinaryField(unique=True, max_length=32)
    previous_hash = models.BinaryField(null=True, db_index=True, max_length=32)
    previous_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "feedback_door"

    token = sealed_text("token_sealed")

    def __str__(self) -> str:
        return f"callback door of {self.account_id}"


class Callback(models.Model):
    """A verified callback as it came. `error` says why it could not be read; it is kept and can be replayed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    received_at = models.DateTimeField()
    raw_sealed = models.BinaryField()
    read_at = models.DateTimeField(null=True)
    reports = models.IntegerField(null=True)
    error = models.TextField(default="", blank=True)

    class Meta:
        db_table = "feedback_callback"
        indexes: ClassVar = [
            models.Index(fields=["id"], name="feedback_callback_unread", condition=~models.Q(error="")),
        ]

    def __str__(self) -> str:
        return f"callback {self.id}"


class Task(models.Model):
    """A callback that is to be read, from `due_at` on; a worker that takes it up pushes that ahead, so that it comes
    back if the worker dies."""

    id = models.UUIDField(primary_key=True)
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "feedback_task"
        indexes: ClassVar = [models.Index(fields=["due_at"], name="feedback_task_due")]

    def __str__(self) -> str:
        return f"reading of {self.id}"


class Report(models.Model):
    """One thing a vendor said about a notification, once: a repeat has the same key. Texts stay in the callback."""

    pk = models.CompositePrimaryKey("notification_id", "account_id", "event_key")
    notification_id = models.UUIDField()
    account_id = models.UUIDField()
    event_key = models.BinaryField(max_length=32)
    callback_id = models.UUIDField()
    kind = models.TextField()
    at = models.DateTimeField()
    reason = models.TextField(default="", blank=True)

    class Meta:
        db_table = "feedback_report"

    def __str__(self) -> str:
        return f"{self.kind} of {self.notification_id}"


class Waiting(models.Model):
    """A report whose notification is not known yet, or not settled: it may have overtaken our own record of sending."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account_id = models.UUIDField()
    event_key = models.BinaryField(max_length=32)
    callback_id = models.UUIDField()
    told_sealed = models.BinaryField()
    since = models.DateTimeField()
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "feedback_waiting"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account_id", "event_key"], name="feedback_waiting_once")
        ]
        indexes: ClassVar = [models.Index(fields=["due_at"], name="feedback_waiting_due")]

    def __str__(self) -> str:
        return f"waiting report {self.id}"
