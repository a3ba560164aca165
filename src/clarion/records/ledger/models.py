"""The ledger's tables as Django sees them for reading; the hot paths write them with SQL (store.py, settle.py).

All but the queue are partitioned by week on a UUIDv7 (see records/partitions.py), so retention drops partitions.
State is written by transitions.py alone. The queue is narrow and holds only work that is not done: claiming never
touches the wide rows, and no index of the wide table contains a column that changes, so its one update stays HOT.
"""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id
from clarion.records.personal.sealed import sealed_json


class Request(models.Model):
    """What one call asked for: the payload its notifications share (context, data, inline content, options)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    caller_kind = models.TextField()
    caller_id = models.UUIDField()
    payload_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_request"

    payload = sealed_json("payload_sealed")

    def __str__(self) -> str:
        return f"request {self.id}"


class Notification(models.Model):
    """One message to one user on one channel."""

    id = models.UUIDField(primary_key=True, default=new_id)
    request_id = models.UUIDField()
    user_id = models.UUIDField()
    channel = models.TextField()
    category_id = models.IntegerField()
    template_id = models.UUIDField(null=True)
    version_id = models.UUIDField(null=True)
    priority = models.SmallIntegerField()
    status = models.TextField()
    reason = models.TextField(default="", blank=True)
    caller_kind = models.TextField()
    caller_id = models.UUIDField()
    reference = models.TextField(default="", blank=True)
    bypass = models.BooleanField(default=False)
    context_sealed = models.BinaryField(null=True)
    created_at = models.DateTimeField()
    scheduled_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    account = models.TextField(default="", blank=True)
    remote_id = models.TextField(default="", blank=True)

    class Meta:
        db_table = "ledger_notification"
        indexes: ClassVar = [
            models.Index(fields=["user_id", "-id"], name="ledger_notification_user"),
            models.Index(fields=["request_id"], name="ledger_notification_request"),
            models.Index(
                fields=["user_id", "reference"],
                name="ledger_notification_reference",
                condition=~models.Q(reference=""),
            ),
        ]

    context = sealed_json("context_sealed")

    def __str__(self) -> str:
        return f"notification {self.id}"


class QueueEntry(models.Model):
    """Work that is due or will be. A row leaves in the transaction that settles it; a lease keeps others away.
    `handed_over`: under this lease a provider was about to be given it; `awaits`: an answer, until `due_at`."""

    id = models.UUIDField(primary_key=True)
    lane = models.TextField()
    priority = models.SmallIntegerField()
    due_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    replayed_after = models.SmallIntegerField(default=0)
    lease = models.BigIntegerField(null=True)
    lease_until = models.DateTimeField(null=True)
    caller_id = models.UUIDField()
    replayed_at = models.DateTimeField(null=True)
    handed_over = models.BooleanField(default=False)
    awaits = models.BooleanField(default=False)

    class Meta:
        db_table = "ledger_queue"
        indexes: ClassVar = [
            models.Index(fields=["lane", "priority", "due_at"], name="ledger_queue_due"),
            models.Index(fields=["lane", "priority", "caller_id", "due_at"], name="ledger_queue_fair"),
        ]

    def __str__(self) -> str:
        return f"queued {self.id}"


class Attempt(models.Model):
    """One try at one provider for one address. `outcome`: sent, retry, rejected, unclear; `target` is masked. Of a text
    message: how many segments it has, and its price (`0.0075 USD`) as far as the provider tells."""

    pk = models.CompositePrimaryKey("notification_id", "number", "target")
    notification_id = models.UUIDField()
    number = models.SmallIntegerField()
    target = models.TextField(default="")
    account = models.TextField()
    outcome = models.TextField()
    reason = models.TextField(default="", blank=True)
    detail = models.TextField(default="", blank=True)
    remote_id = models.TextField(default="", blank=True)
    segments = models.SmallIntegerField(null=True)
    price = models.TextField(default="", blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_attempt"

    def __str__(self) -> str:
        return f"attempt {self.number} of {self.notification_id}"


class Decision(models.Model):
    """What a rule decided about a notification, and why; in order, these explain its fate."""

    pk = models.CompositePrimaryKey("notification_id", "id")
    notification_id = models.UUIDField()
    id = models.UUIDField(default=new_id)
    at = models.DateTimeField()
    stage = models.TextField()
    rule = models.TextField()
    outcome = models.TextField()
    reason = models.TextField(default="", blank=True)
    until = models.DateTimeField(null=True)
    detail = models.TextField(default="", blank=True)
    # the version of the rules about wishes that were in force; 0: before they had one
    rules = models.SmallIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "ledger_decision"

    def __str__(self) -> str:
        return f"{self.rule} → {self.outcome}"


class Event(models.Model):
    """A fact that happened to a notification; append-only, for readers. Readers go by
    (xid, id) up to the oldest transaction still running, so that none that commits late is skipped."""

    pk = models.CompositePrimaryKey("notification_id", "id")
    notification_id = models.UUIDField()
    id = models.BigIntegerField()
    at = models.DateTimeField()
    type = models.TextField()
    reason = models.TextField(default="", blank=True)
    xid = models.BigIntegerField()

    class Meta:
        db_table = "ledger_event"
        indexes: ClassVar = [models.Index(fields=["xid", "id"], name="ledger_event_position")]

    def __str__(self) -> str:
        return f"{self.type} {self.notification_id}"


class IdempotencyKey(models.Model):
    """A caller's key, the keyed hash of the request it came with and the answer given, sealed because an answer may
    hold a secret (a new API key). Looked up over the last 24 hours; an advisory lock on caller and key makes it unique
    across partitions."""

    id = models.UUIDField(primary_key=True, default=new_id)
    caller_id = models.UUIDField()
    key = models.TextField()
    request_hash = models.BinaryField(max_length=32)
    status = models.SmallIntegerField()
    answer_sealed = models.BinaryField()

    class Meta:
        db_table = "ledger_idempotency"
        indexes: ClassVar = [models.Index(fields=["caller_id", "key"], name="ledger_idempotency_key")]

    def __str__(self) -> str:
        return f"idempotency key of {self.caller_id}"


class DeadLetter(models.Model):
    """A failed notification that waits for a person: a small table, so that lists and filters need no index on the
    wide one. Written with the moves (transitions.py); a discarded one leaves, its notification stays `failed`."""

    id = models.UUIDField(primary_key=True)
    channel = models.TextField()
    reason = models.TextField()
    category_id = models.IntegerField()
    template_id = models.UUIDField(null=True)
    died_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_dead_letter"
        indexes: ClassVar = [models.Index(fields=["channel", "reason", "id"], name="ledger_dead_letter_reason")]

    def __str__(self) -> str:
        return f"dead letter {self.id}"


class FallbackTimer(models.Model):
    """When a notification's chain of channels goes on unless it was read (or has arrived) by then."""

    id = models.UUIDField(primary_key=True)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "ledger_fallback"
        indexes: ClassVar = [models.Index(fields=["due_at"], name="ledger_fallback_due")]

    def __str__(self) -> str:
        return f"fallback of {self.id}"


class Job(models.Model):
    """A bulk send; its id is that of the request its notifications share. A job over an audience keeps its plan, the
    last person it took in (`cursor`) and the last it will (`until`); the cursor moves with the page's rows."""

    id = models.UUIDField(primary_key=True, default=new_id)
    caller_kind = models.TextField()
    caller_id = models.UUIDField()
    state = models.TextField()
    plan_sealed = models.BinaryField(null=True)
    cursor = models.UUIDField(null=True)
    until = models.UUIDField(null=True)
    total = models.IntegerField(null=True)
    accepted = models.IntegerField(default=0)
    rejected = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_job"
        indexes: ClassVar = [
            models.Index(fields=["id"], name="ledger_job_running", condition=models.Q(state="running")),
            models.Index(fields=["caller_id", "-id"], name="ledger_job_caller"),
        ]

    plan = sealed_json("plan_sealed")

    def __str__(self) -> str:
        return f"job {self.id}"


class Rejection(models.Model):
    """A recipient of a job that could not be taken: its place in the list (from 0), and why."""

    pk = models.CompositePrimaryKey("job_id", "place", "channel")
    job_id = models.UUIDField()
    place = models.IntegerField()
    channel = models.TextField(default="")
    user_id = models.UUIDField(null=True)
    code = models.TextField()
    message = models.TextField()

    class Meta:
        db_table = "ledger_rejection"

    def __str__(self) -> str:
        return f"rejection {self.place} of {self.job_id}"
