"""The only writer of a notification's state: one conditional UPDATE over the table of allowed moves.

Must run inside a transaction; the events of the moves are appended in it, and the table of dead letters follows them.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clarion.records import hot
from clarion.records.crashing import Point, crash_point
from clarion.records.ledger.journal import append_events
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import ENDS, MOVES, Status, may_move
from clarion.records.preferences import slots

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
_FROM = {to: [str(present) for present, onward in MOVES.items() if to in onward] for to in Status}
_ENDS = [str(status) for status in ENDS]
UNSENT = frozenset({Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SUPPRESSED, Status.DIGESTED})
"""What ends so gives its place under the frequency caps back."""

# the bounds let the planner skip every partition that none of the ids is in
_UPDATE = """
WITH moved AS (
    UPDATE ledger_notification AS n
    SET status = %(to)s,
        reason = %(reason)s,
        account = CASE WHEN %(account)s::text = '' THEN n.account ELSE %(account)s END,
        remote_id = CASE WHEN move.remote_id = '' THEN n.remote_id ELSE move.remote_id END,
        sent_at = CASE WHEN %(to)s IN ('sent', 'delivered') THEN coalesce(n.sent_at, %(at)s) ELSE n.sent_at END,
        delivered_at = CASE WHEN %(to)s = 'delivered' THEN %(at)s ELSE n.delivered_at END,
        read_at = CASE WHEN %(to)s = 'read' THEN %(at)s ELSE n.read_at END,
        ended_at = CASE WHEN %(to)s = ANY(%(ends)s) THEN %(at)s::timestamptz ELSE NULL END
    FROM unnest(%(ids)s::uuid[], %(remote_ids)s::text[]) AS move(id, remote_id)
    WHERE n.id = move.id AND n.id BETWEEN %(lowest)s AND %(highest)s AND n.status = ANY(%(present)s)
    RETURNING n.id
)
INSERT INTO ledger_event (notification_id, at, type, reason)
SELECT id, %(at)s, %(event)s, %(reason)s FROM moved RETURNING notification_id
"""


def move(moves: Sequence[Move], at: datetime, *, event: str = "") -> set[UUID]:
    """Make the moves that the table allows from where each notification stands; returns the ids that moved. `event`:
    what they are told as, if not by the state.

    A move that is not allowed (cancelled meanwhile, delivered already) changes nothing. One query for all that go the
    same way, which is nearly always one.
    """
    alike: dict[tuple[Status, str, str], list[Move]] = {}
    for one in moves:
        alike.setdefault((one.to, one.reason, one.account), []).append(one)
    moved: set[UUID] = set()
    for (to, reason, account), group in alike.items():
        made = _move_alike(to, reason, account, group, at, event or _event_of(to))
        if to in UNSENT:
            slots.give_back(made)
        if to is Status.FAILED:
            _keep_dead_letters(list(made), at)
        moved |= made
    return moved


def _move_alike(to: Status, reason: str, account: str, group: Sequence[Move], at: datetime, event: str) -> set[UUID]:
    ids = [one.notification_id for one in group]
    values = {
        "at": at,
        "to": str(to),
        "reason": reason,
        "account": account,
        "event": event,
        "ids": hot.uuids(ids),
        "remote_ids": [one.remote_id for one in group],
        "lowest": min(ids),
        "highest": max(ids),
        "present": _FROM[to],
        "ends": _ENDS,
    }
    return {row[0] for row in hot.fetch(_UPDATE, values)}


def _keep_dead_letters(died: list[UUID], at: datetime) -> None:
    """Those that failed become dead letters. Those that are revived leave by `take_dead_letters`, before their move."""
    if died:
        crash_point(Point.DEAD_LETTER_MOVED)
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
