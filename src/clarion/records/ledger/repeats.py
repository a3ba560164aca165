"""Repeats: has this person been sent this reference of this category on this channel lately? And a lock, so that of two
who ask at the same moment one hears of the other."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clarion.records import hot
from clarion.records.ids import first_id_of
from clarion.records.ledger.status import Status

# what ended like this reached nobody and never will, so the next one is no repeat of it
_VOID = [str(Status.SUPPRESSED), str(Status.CANCELLED), str(Status.EXPIRED)]

_HOLD = """
SELECT pg_advisory_xact_lock(place) FROM (
    SELECT DISTINCT hashtextextended(concat_ws(' ', 'repeat', user_id, category_id, reference), 0) AS place
    FROM unnest(%(users)s::uuid[], %(categories)s::int[], %(references)s::text[]) AS w(user_id, category_id, reference)
    ORDER BY place
) AS places
"""
_EARLIER = """
SELECT w.user_id, w.category_id, w.reference, w.channel, first.id
FROM unnest(%(users)s::uuid[], %(categories)s::int[], %(references)s::text[], %(channels)s::text[])
     AS w(user_id, category_id, reference, channel)
CROSS JOIN LATERAL (
    SELECT n.id FROM ledger_notification AS n
    WHERE n.user_id = w.user_id AND n.id >= %(since)s AND n.category_id = w.category_id
      AND n.reference = w.reference AND n.reference <> '' AND n.channel = w.channel AND n.status <> ALL(%(void)s)
    ORDER BY n.id LIMIT 1
) AS first
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What makes two notifications the same one."""

    user_id: UUID
    category_id: int
    reference: str
    channel: str


def hold(marks: Collection[Mark]) -> None:
    """Until the open transaction ends, others who hold a mark of the same user, category and reference wait. Locks are
    taken in one order, so two lists cannot block each other."""
    hot.fetch(_HOLD, _values(marks))


def earlier(marks: Collection[Mark], since: datetime) -> dict[Mark, UUID]:
    """The first notification since then for each mark that has one. Looked up by the index on user and reference, for
    which the statement must say that there is a reference."""
    values = {
        **_values(marks),
        "channels": [mark.channel for mark in marks],
        "since": first_id_of(since),
        "void": _VOID,
    }
    return {
        Mark(user_id=row[0], category_id=row[1], reference=row[2], channel=row[3]): row[4]
        for row in hot.fetch(_EARLIER, values)
    }


def _values(marks: Collection[Mark]) -> dict[str, list[object]]:
    return {
        "users": [mark.user_id for mark in marks],
        "categories": [mark.category_id for mark in marks],
        "references": [mark.reference for mark in marks],
    }
