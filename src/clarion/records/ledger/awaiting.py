"""Queue entries whose message may be with a provider: handed over and not yet settled, or held until an answer comes.

Nobody cancels, postpones or sends these; an answer, or the end of the wait, decides (flows/delivery/unclear.py).
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from clarion.records import hot

# a worker that holds the entry at this moment learns the outcome itself
_AWAITED = "(awaits OR handed_over) AND (lease_until IS NULL OR lease_until < statement_timestamp())"


def hand_over(lease: int, ids: Collection[UUID]) -> set[UUID]:
    """Put on record, before the provider is called, that these are being handed over; returns those that this lease
    still holds: no others may be. Touches no index, so it costs one short write."""
    rows = hot.fetch(
        "UPDATE ledger_queue SET handed_over = true"
        " WHERE id = ANY(%s) AND lease = %s AND lease_until >= statement_timestamp() RETURNING id",
        [list(ids), lease],
    )
    return {row[0] for row in rows}


def hold(lease: int, until: Sequence[tuple[UUID, timedelta]]) -> set[UUID]:
    """Keep entries back, each for its span; returns those that this lease still held."""
    rows = hot.fetch(
        "UPDATE ledger_queue AS q SET lease = NULL, lease_until = NULL, due_at = statement_timestamp() + back.span,"
        " handed_over = false, awaits = true"
        " FROM unnest(%s::uuid[], %s::interval[]) AS back(id, span) WHERE q.id = back.id AND q.lease = %s"
        " RETURNING q.id",
        [[one for one, _ in until], [span for _, span in until], lease],
    )
    return {row[0] for row in rows}


def take(identifier: UUID) -> bool:
    """Take an entry out whose answer came; False when none is awaited (any more)."""
    return bool(hot.fetch(f"DELETE FROM ledger_queue WHERE id = %s AND {_AWAITED} RETURNING id", [identifier]))


def release(identifier: UUID) -> str:
    """Let an entry be sent again at once, for its message was not taken; returns its lane, empty when no answer was
    awaited. What a dead worker left keeps its lease, so that the lost attempt comes on record."""
    rows = hot.fetch(
        "UPDATE ledger_queue SET awaits = false, handed_over = false, due_at = statement_timestamp()"
        f" WHERE id = %s AND {_AWAITED} RETURNING lane",
        [identifier],
    )
    return str(rows[0][0]) if rows else ""
