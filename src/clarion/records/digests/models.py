"""Windows in which notifications are collected, what lies in them, and whose wishes changed meanwhile. Small tables:
what is in them goes with the transaction that tells of it. `kind` says why notifications are collected."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id


class Kind(models.TextChoices):
    """BURST: more of one category came to a person than they want singly. The others: the person wants a digest so
    often."""

    BURST = "burst"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"


ALL_CATEGORIES = 0
"""The `category_id` of a digest's window: it collects whatever the person wants so often."""


class Window(models.Model):
    """One window of one key: kind, person, category and channel. The first `above` of its items went out singly, the
    others are collected. `closed`: nothing comes in any more; of one key one window at most is open.
    `waits_until`: its time is over, but its recipient must not be disturbed before then. `told_at`: its message was
    accepted then (`group_id`; None: there was nobody or nothing to tell), and what it collected is being ended."""

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.TextField(choices=Kind)
    user_id = models.UUIDField()
    category_id = models.IntegerField()
    channel = models.TextField()
    opened_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    above = models.IntegerField()
    count = models.IntegerField()
    closed = models.BooleanField(default=False)
    waits_until = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True)
    group_id = models.UUIDField(null=True)

    class Meta:
        db_table = "digests_window"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "user_id", "category_id", "channel"],
                condition=models.Q(closed=False),
                name="one_open_window",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["closes_at"], name="digests_window_closes"),
            models.Index(fields=["user_id"], name="digests_window_user"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} window {self.id}"


class Item(models.Model):
    """A notification in a window, with its number there, from 1. A notification lies in one window at most.
    What its sender wants counted is kept here, so that a group can heed all of them at once. `left_out`: why the
    window's message does not tell of it, settled in the moment in which that was made."""

    id = models.UUIDField(primary_key=True)
    window_id = models.UUIDField()
    number = models.IntegerField()
    track_opens = models.BooleanField(default=True, db_default=True)
    track_clicks = models.BooleanField(default=True, db_default=True)
    left_out = models.TextField(default="", db_default="", blank=True)

    class Meta:
        db_table = "digests_item"
        constraints: ClassVar = [models.UniqueConstraint(fields=["window_id", "number"], name="one_number_in_a_window")]

    def __str__(self) -> str:
        return f"item {self.number} of {self.window_id}"


class Recheck(models.Model):
    """A person whose wishes or clock changed: what waits for them is to be looked at again at `due_at`. `looks`: so
    often it was."""

    user_id = models.UUIDField(primary_key=True)
    due_at = models.DateTimeField()
    looks = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "digests_recheck"
        indexes: ClassVar = [models.Index(fields=["due_at"], name="digests_recheck_due")]

    def __str__(self) -> str:
        return f"recheck of {self.user_id}"
