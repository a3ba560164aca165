"""The suppression list: addresses that are not to be written to, and why. Push devices and endpoints are not here: they
have an `active` of their own (records/people)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from clarion.records.ids import new_id
from clarion.records.personal.sealed import sealed_text


class Entry(models.Model):
    """One address and one reason. It stands until it expires or is lifted; a lifted one stays as history. `source` is
    who put it there: an account (`email.main`), a caller, an import; `kind` is the kind of the look-up hash."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    channel = models.TextField()
    kind = models.TextField()
    address_sealed = models.BinaryField()
    address_hash = models.BinaryField(max_length=32)
    reason = models.TextField()
    source = models.TextField(default="", blank=True)
    detail = models.TextField(default="", blank=True)
    since = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.TextField(default="", blank=True)
    lift_why = models.TextField(default="", blank=True)

    class Meta:
        db_table = "suppression_entry"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["address_hash", "reason"], name="suppression_entry_standing", condition=Q(lifted_at=None)
            )
        ]
        indexes: ClassVar = [models.Index(fields=["address_hash"], name="suppression_entry_address")]

    address = sealed_text("address_sealed")

    def __str__(self) -> str:
        return f"suppression {self.id}"


class Strike(models.Model):
    """A soft bounce of an address. So many within a window make an entry; `event_key` keeps a repeat from counting."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event_key = models.BinaryField(unique=True, max_length=32)
    address_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField()

    class Meta:
        db_table = "suppression_strike"
        indexes: ClassVar = [
            models.Index(fields=["address_hash", "at"], name="suppression_strike_address"),
            models.Index(fields=["at"], name="suppression_strike_at"),
        ]

    def __str__(self) -> str:
        return f"strike {self.id}"
