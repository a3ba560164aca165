"""How well what an account sends is taken: counts by hour, where each account (and each category on it) stands, and the
history of what was ruled."""

from typing import ClassVar

from django.db import models

from clarion.records.ids import new_id

WHOLE = 0
"""In place of a category: the account as a whole."""


class Tally(models.Model):
    """What one settling batch, or one batch of reports, adds. Appended only, so that workers never wait for each other
    over a counter; the scheduler adds them up by hour."""

    at = models.DateTimeField()
    account = models.TextField()
    category_id = models.IntegerField()
    sent = models.IntegerField(default=0)
    bounced = models.IntegerField(default=0)
    complained = models.IntegerField(default=0)

    class Meta:
        db_table = "reputation_tally"
        indexes: ClassVar = [models.Index(fields=["at"], name="reputation_tally_at")]

    def __str__(self) -> str:
        return f"tally of {self.account}"


class Standing(models.Model):
    """Where an account, or a category on it, stands. `account` is its label (`email.main`). What happened before
    `counts_from` does not count: a person took it up from there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.TextField()
    category_id = models.IntegerField(default=WHOLE)
    state = models.TextField()
    since = models.DateTimeField()
    counts_from = models.DateTimeField(null=True)
    sent = models.IntegerField(default=0)
    bounced = models.IntegerField(default=0)
    complained = models.IntegerField(default=0)
    why = models.TextField(default="", blank=True)

    class Meta:
        db_table = "reputation_standing"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "category_id"], name="reputation_standing_once")
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.category_id} is {self.state}"


class Ruling(models.Model):
    """A change of a standing: by the guard, or by a person who says why. Appended only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.TextField()
    category_id = models.IntegerField(default=WHOLE)
    at = models.DateTimeField()
    before = models.TextField()
    after = models.TextField()
    by = models.TextField()
    why = models.TextField(default="", blank=True)

    class Meta:
        db_table = "reputation_ruling"
        indexes: ClassVar = [models.Index(fields=["account", "-id"], name="reputation_ruling_account")]

    def __str__(self) -> str:
        return f"{self.account} {self.category_id}: {self.before} → {self.after}"
