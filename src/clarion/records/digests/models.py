"""Windows in which notifications are collected, and what lies in them. Small tables: both go in the transaction that
sends a window's group. `kind` says why they are collected; bursts are the first kind."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id


class Kind(models.TextChoices):
    """BURST: more of one category came to a person than they want singly."""

    BURST = "burst"


class Window(models.Model):
    """One window of one key: person, category and channel. The first `above` of its items went out singly, the others
    are collected. `closed`: nothing comes in any more; of one key one window at most is open. `told_at`: its group was
    sent then (`group_id`; None: there was nobody or nothing to tell), and what it collected is being ended."""

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
        indexes: ClassVar = [models.Index(fields=["closes_at"], name="digests_window_closes")]

    def __str__(self) -> str:
        return f"{self.kind} window {self.id}"


class Item(models.Model):
    """A notification in a window, with its number there, from 1. A notification lies in one window at most.
    What its sender wants counted is kept here, so that a group can heed all of them at once."""

    id = models.UUIDField(primary_key=True)
    window_id = models.UUIDField()
    number = models.IntegerField()
    track_opens = models.BooleanField(default=True, db_default=True)
    track_clicks = models.BooleanField(default=True, db_default=True)

    class Meta:
        db_table = "digests_item"
        constraints: ClassVar = [models.UniqueConstraint(fields=["window_id", "number"], name="one_number_in_a_window")]

    def __str__(self) -> str:
        return f"item {self.number} of {self.window_id}"
