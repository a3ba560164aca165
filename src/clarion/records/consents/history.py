"""The history of consent: writing it down, reading it, and erasing a person's. Changing the current state along with it
is records/preferences/consenting.py."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from clarion.records.consents.models import Record
from clarion.records.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of one person, to be written down."""

    user_id: UUID
    purpose: str
    given: bool
    source: str
    actor: str
    at: datetime
    text_version: int | None = None
    detail: str = ""


def append(answers: Iterable[Answer]) -> list[Record]:
    """Write these down. Belongs in the transaction that changes the current state."""
    rows = [
        Record(
            id=new_id(),
            user_id=each.user_id,
            purpose=each.purpose,
            given=each.given,
            source=each.source,
            actor=each.actor,
            at=each.at,
            text_version=each.text_version,
            detail=each.detail[:500],
        )
        for each in answers
    ]
    return Record.objects.bulk_create(rows)


def of_user(user_id: UUID) -> QuerySet[Record]:
    """Everything a person ever answered."""
    return Record.objects.filter(user_id=user_id)


def latest(user_ids: Collection[UUID]) -> dict[tuple[UUID, str], Record]:
    """The newest answer of each of these people to each purpose, by when they gave it."""
    rows = Record.objects.filter(user_id__in=user_ids).order_by("user_id", "purpose", "-at", "-id")
    return {(row.user_id, row.purpose): row for row in rows.distinct("user_id", "purpose")}


def erase(user_id: UUID) -> int:
    """Delete a person's history: the only way that the database allows. Returns how many records there were."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('clarion.erasing', %s, true)", [str(user_id)])
        count, _ = Record.objects.filter(user_id=user_id).delete()
        cursor.execute("SELECT set_config('clarion.erasing', '', true)")
    return count
