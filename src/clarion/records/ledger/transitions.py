"""The only writer of a notification's state: one conditional UPDATE over the table of allowed moves.

Must run inside a transaction; the events of the moves are appended in it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clarion.records import hot
from clarion.records.ledger.journal import append_events
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import ENDS, MOVES, Status

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
    append_events((m.notification_id, at, _event_of(m.to), m.reason) for m in moves if m.notification_id in moved)
    return moved


def _event_of(status: Status) -> str:
    return "replayed" if status is Status.PENDING else str(status)
