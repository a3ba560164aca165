"""The only writer of a notification's state: one conditional UPDATE over the table of allowed moves.

Must run inside a transaction; the events of the moves are appended in it, and the table of dead letters follows them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clarion.records import hot
from clarion.records.ledger.journal import append_events
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import ENDS, MOVES, Status, may_move

_RESCHEDULE = """
UPDATE ledger_notification SET status = %(to)s, scheduled_at = %(scheduled_at)s
WHERE id = %(id)s AND status = ANY(%(present)s) RETURNING id
"""
_DIED = """
INSERT INTO ledger_dead_letter (id, channel, reason, category_id, template_id, died_at)
SELECT n.id, n.channel, n.reason, n.category_id, n.template_id, %(at)s FROM ledger_notification AS n
WHERE n.id = ANY(%(ids)s) AND n.id BETWEEN %(lowest)s AND %(highest)s
ON CONFLICT (id) DO NOTHING
"""
_ALLOWED = [(present, to) for present, onward in MOVES.items() for to in onward]

_UPDATE = """
UPDATE ledger_notification AS n
SET status = move.new_status,
    reason = move.new_reason,
    account = CASE WHEN move.new_account = '' THEN n.account ELSE move.new_account END,
    remote_id = CASE WHEN move.new_remote_id = '' THEN n.remote_id ELSE move.new_remote_id END,
    sent_at = CASE WHEN move.new_status IN ('sent', 'delivered') THEN coalesce(n.sent_at, %(at)s) ELSE n.sent_at END,
    delivered_at = CASE WHEN move.new_status = 'delivered' THEN %(at)s ELSE n.delivered_at END,
    read_at = CASE WHEN move.new_status = 'read' THEN %(at)s ELSE n.read_at END,
    ended_at = CASE WHEN move.new_status = ANY(%(ends)s) THEN %(at)s ELSE NULL END
FROM unnest(%(ids)s::uuid[], %(to)s::text[], %(reasons)s::text[], %(accounts)s::text[], %(remote_ids)s::text[])
     AS move(id, new_status, new_reason, new_account, new_remote_id)
WHERE n.id = move.id
  AND n.id BETWEEN %(lowest)s AND %(highest)s
  AND (n.status, move.new_status) IN (SELECT * FROM unnest(%(present)s::text[], %(onward)s::text[]))
RETURNING n.id
"""


def move(moves: Sequence[Move], at: datetime) -> set[UUID]:
    """Make the moves that the table allows from where each notification stands; returns the ids that moved.

    A move that is not allowed (cancelled meanwhile, delivered already) changes nothing. One query for all.
    """
    if not moves:
        return set()
    ids = [m.notification_id for m in moves]
    values = {
        "at": at,
        "ends": [str(status) for status in ENDS],
        "ids": ids,
        # the bounds let the planner skip every partition that none of the ids is in
        "lowest": min(ids),
        "highest": max(ids),
        "to": [str(m.to) for m in moves],
        "reasons": [m.reason for m in moves],
        "accounts": [m.account for m in moves],
        "remote_ids": [m.remote_id for m in moves],
        "present": [str(present) for present, _ in _ALLOWED],
        "onward": [str(to) for _, to in _ALLOWED],
    }
    moved = {row[0] for row in hot.fetch(_UPDATE, values)}
    made = [m for m in moves if m.notification_id in moved]
    append_events((m.notification_id, at, _event_of(m.to), m.reason) for m in made)
    _keep_dead_letters([m.notification_id for m in made if m.to is Status.FAILED], at)
    return moved


def _keep_dead_letters(died: list[UUID], at: datetime) -> None:
    """Those that failed become dead letters. Those that are revived leave by `take_dead_letters`, before their move."""
    if died:
        hot.fetch(_DIED, {"ids": died, "lowest": min(died), "highest": max(died), "at": at})


def take_dead_letters(ids: Sequence[UUID]) -> set[UUID]:
    """Take dead letters out of their table, to replay or to discard them; returns those that were there. Of two who
    want the same one, the second gets nothing."""
    return {row[0] for row in hot.fetch("DELETE FROM ledger_dead_letter WHERE id = ANY(%s) RETURNING id", [list(ids)])}


def reschedule(identifier: UUID, scheduled_at: datetime, at: datetime) -> bool:
    """Give what still waits another time; False when it does not wait any more."""
    values = {
        "id": identifier,
        "to": str(Status.SCHEDULED),
        "scheduled_at": scheduled_at,
        "present": [str(present) for present in MOVES if may_move(present, Status.SCHEDULED)],
    }
    moved = bool(hot.fetch(_RESCHEDULE, values))
    if moved:
        append_events([(identifier, at, _event_of(Status.SCHEDULED), "")])
    return moved


def _event_of(status: Status) -> str:
    return {Status.PENDING: "replayed", Status.SCHEDULED: "rescheduled"}.get(status, str(status))
