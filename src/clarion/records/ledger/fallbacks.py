"""Timers of chains: when the next channel takes over from a notification that was not read (or has not arrived).

A small table beside the queue: a row leaves in the transaction that acts on it, so no crash loses or doubles one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clarion.records import hot


def set_timers(timers: Sequence[tuple[UUID, datetime]]) -> None:
    """Set or move the timers of these notifications."""
    if timers:
        hot.fetch(
            "INSERT INTO ledger_fallback (id, due_at) SELECT * FROM unnest(%s::uuid[], %s::timestamptz[])"
            " ON CONFLICT (id) DO UPDATE SET due_at = excluded.due_at",
            [[one for one, _ in timers], [due for _, due in timers]],
        )


def take_due(limit: int, now: datetime) -> list[UUID]:
    """Take due timers out that nobody else is at; they are back if the transaction does not commit."""
    rows = hot.fetch(
        "DELETE FROM ledger_fallback WHERE id IN (SELECT id FROM ledger_fallback WHERE due_at <= %s"
        " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING id",
        [now, limit],
    )
    return [row[0] for row in rows]
