"""Sealed columns of a model: a binary field that stores, and a property that seals and opens.

The property is what code uses (`user.email`); the field (`email_sealed`) is what the table holds. Opening happens
on first use only, so lists that never look at a value never pay for it.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import structlog
from django.db import models

from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring

T = TypeVar("T")
log = structlog.get_logger()


def _place(instance: models.Model, column: str) -> bytes:
    return place_of(instance._meta.db_table, instance.pk, column)


def opened_or(read: Callable[[], T], otherwise: T) -> T:
    """What `read` opens, or `otherwise` where it cannot be opened: in lists, one bad row must not hide the others.
    Not for what will be written back."""
    try:
        return read()
    except Undecryptable as error:
        log.error("value_unreadable", fault=str(error))
        return otherwise


def sealed_text(column: str) -> property:
    """A property over the binary field `column`; empty text is stored as NULL. The row's id must be known."""

    def read(self: models.Model) -> str:
        stored = getattr(self, column)
        return ring().open(bytes(stored), _place(self, column)).decode() if stored else ""

    def write(self: models.Model, value: str | None) -> None:
        setattr(self, column, ring().seal(value.encode(), _place(self, column)) if value else None)

    return property(read, write)


def sealed_json(column: str) -> property:
    """As `sealed_text`, for a JSON object; an empty object is stored as NULL."""

    def read(self: models.Model) -> dict[str, Any]:
        stored = getattr(self, column)
        if not stored:
            return {}
        opened: dict[str, Any] = msgspec.json.decode(ring().open(bytes(stored), _place(self, column)))
        return opened

    def write(self: models.Model, value: dict[str, Any] | None) -> None:
        setattr(self, column, ring().seal(msgspec.json.encode(value), _place(self, column)) if value else None)

    return property(read, write)
