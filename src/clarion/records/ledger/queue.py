"""The narrow queue: claim with a lease, keep the lease, give work back. State is moved elsewhere (transitions.py).

Times are the database's own clock (the statement's, which indexes can use), so a worker whose clock is wrong neither
steals nor loses work.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID, uuid4

import msgspec
from django.db import connection

from clarion.records import hot
from clarion.records.crashing import Point, crash_point
from clarion.records.ids import first_id_of, moment_of
from clarion.records.ledger.lanes import lanes
from clarion.records.ledger.presence import SERIAL_BITS, UNMARKED

LEASE = timedelta(seconds=30)
PRIORITIES = (1, 2, 3, 4)
MOST_CALLERS = 50


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """One claimed entry. `attempts` counts this one, `earlier` those before a replay (at `replayed_at`); `abandoned`:
    an earlier lease ran out before it was settled; `handed_over`: and by then a provider may have had it; `awaits`: it
    waited for an answer that did not come."""

    id: UUID
    priority: int
    attempts: int
    earlier: int
    abandoned: bool
    due_at: datetime
    replayed_at: datetime | None
    handed_over: bool
    awaits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one claim brought, the lease that holds it, and when it was asked for (a monotonic time)."""

    lease: int
    entries: tuple[Claimed, ...]
    asked_at: float | None = None


# Priority by priority, and within one, the same share for every caller who waits (as many as MOST_CALLERS, from a
# random place on), oldest due first: a critical message is found at once behind any backlog, one caller's flood does
# not push another's out, and the cost does not grow with the backlog or with what is scheduled for later.
_CLAIM = """
WITH mine AS MATERIALIZED (SELECT %(mark)s::bigint | nextval('ledger_lease') AS lease),
free AS MATERIALIZED (
    SELECT picked.id, picked.lease AS old_lease
    FROM unnest(%(priorities)s::smallint[]) WITH ORDINALITY AS p(priority, place)
    CROSS JOIN LATERAL (
        WITH RECURSIVE first AS (
            (SELECT caller_id FROM ledger_queue
             WHERE lane = %(lane)s AND priority = p.priority AND caller_id >= %(start)s ORDER BY caller_id LIMIT 1)
            UNION ALL
            (SELECT caller_id FROM ledger_queue
             WHERE lane = %(lane)s AND priority = p.priority ORDER BY caller_id LIMIT 1)
            LIMIT 1
        ), waiting(caller_id, origin, number) AS (
            SELECT caller_id, caller_id, 1 FROM first
            UNION ALL
            SELECT following.caller_id, waiting.origin, waiting.number + 1
            FROM waiting CROSS JOIN LATERAL (
                (SELECT caller_id FROM ledger_queue
                 WHERE lane = %(lane)s AND priority = p.priority AND caller_id > waiting.caller_id
                 ORDER BY caller_id LIMIT 1)
                UNION ALL
                (SELECT caller_id FROM ledger_queue
                 WHERE lane = %(lane)s AND priority = p.priority ORDER BY caller_id LIMIT 1)
                LIMIT 1
            ) AS following
            WHERE waiting.number < %(callers)s AND following.caller_id <> waiting.origin
        )
        SELECT fair.id, fair.lease
        FROM (SELECT caller_id, count(*) OVER () AS callers FROM waiting) AS w
        CROSS JOIN LATERAL (
            SELECT q.id, q.lease FROM ledger_queue AS q
            WHERE q.lane = %(lane)s AND q.priority = p.priority AND q.caller_id = w.caller_id
              AND q.due_at <= statement_timestamp() - %(age)s
              AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp())
            ORDER BY q.due_at
            LIMIT (%(limit)s + w.callers - 1) / w.callers
            FOR UPDATE SKIP LOCKED
        ) AS fair
    ) AS picked
    LIMIT %(limit)s
)
UPDATE ledger_queue AS q
SET lease = mine.lease, lease_until = statement_timestamp() + %(span)s, attempts = q.attempts + 1
FROM free, mine
WHERE q.id = free.id
RETURNING q.id, q.priority, q.attempts, q.replayed_after, free.old_lease IS NOT NULL, mine.lease,
    q.due_at, q.replayed_at, q.handed_over, q.awaits
"""


def claim_due(
    lane: str,
    limit: int,
    *,
    priorities: Sequence[int] = PRIORITIES,
    lease: timedelta = LEASE,
    age: timedelta = timedelta(0),
    mark: int = UNMARKED,
) -> Batch:
    """Claim up to `limit` entries of a lane that have been due for `age`, in the order of `priorities`, fairly between
    callers, for the worker of this mark. May bring fewer than there are; an empty batch (lease 0) means that there is
    nothing."""
    values = {
        "lane": lane,
        "limit": limit,
        "priorities": list(priorities),
        "span": lease,
        "age": age,
        "callers": MOST_CALLERS,
        "start": uuid4(),
        "mark": mark << SERIAL_BITS,
    }
    asked_at = monotonic()
    rows = hot.fetch(_CLAIM, values)
    return Batch(lease=rows[0][5] if rows else 0, entries=tuple(_claimed(row) for row in rows), asked_at=asked_at)


def _claimed(row: hot.Row) -> Claimed:
    return Claimed(
        id=row[0],
        priority=row[1],
        attempts=row[2],
        earlier=row[3],
        abandoned=row[4],
        due_at=row[6],
        replayed_at=row[7],
        handed_over=row[8],
        awaits=row[9],
    )


def renew(leases: Sequence[int], lease: timedelta = LEASE) -> set[int]:
    """Push the end of held leases out; returns those that had not run out and hold something still."""
    rows = hot.fetch(
        "WITH kept AS (UPDATE ledger_queue SET lease_until = statement_timestamp() + %s"
        " WHERE lease = ANY(%s) AND lease_until >= statement_timestamp() RETURNING lease)"
        " SELECT DISTINCT lease FROM kept",
        [lease, list(leases)],
    )
    return {int(row[0]) for row in rows}


_FINISH = "DELETE FROM ledger_queue WHERE id = ANY(%s::uuid[]) AND lease = %s RETURNING id"


def finish(lease: int, ids: Sequence[UUID]) -> set[UUID]:
    """Take settled entries out; returns those that this lease still held (the fence: others must not be written)."""
    rows = hot.fetch(_FINISH, [hot.uuids(ids), lease])
    return {row[0] for row in rows}


def give_back(lease: int, due: Sequence[tuple[UUID, timedelta]], *, untried: bool = False) -> set[UUID]:
    """Return entries to the queue, due again after each span; returns those that this lease still held. `untried`: the
    claim does not count as an attempt."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ledger_queue AS q SET lease = NULL, lease_until = NULL, due_at = statement_timestamp() + back.span,"
            " attempts = q.attempts - %s, handed_over = false, awaits = false"
            " FROM unnest(%s::uuid[], %s::interval[]) AS back(id, span) WHERE q.id = back.id AND q.lease = %s"
            " RETURNING q.id",
            [int(untried), [d[0] for d in due], [d[1] for d in due], lease],
        )
        crash_point(Point.RETRY_GIVEN_BACK)
        return {row[0] for row in cursor.fetchall()}


def withdraw(identifier: UUID) -> bool:
    """Take one waiting entry out (cancel); False when it is gone, a worker holds it at this moment, or a provider may
    have it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ledger_queue WHERE id = %s AND (lease_until IS NULL OR lease_until < statement_timestamp())"
            " AND NOT awaits AND NOT handed_over RETURNING id",
            [identifier],
        )
        return cursor.fetchone() is not None


def first_of_request(request_id: UUID) -> UUID:
    """A lower bound of the ids of a request's notifications, for the planner to skip older partitions: an hour before
    the request's own, because worker and web may tell the time differently."""
    return first_id_of(moment_of(request_id) - timedelta(hours=1))


def withdraw_of_request(request_id: UUID, limit: int) -> list[UUID]:
    """Take up to `limit` entries of one request out, but none a worker holds or a provider may have; returns ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM ledger_queue WHERE id IN (SELECT q.id FROM ledger_notification AS n JOIN ledger_queue AS q"
            " ON q.id = n.id WHERE n.request_id = %s AND n.id >= %s"
            " AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp())"
            " AND NOT q.awaits AND NOT q.handed_over LIMIT %s FOR UPDATE OF q SKIP LOCKED) RETURNING id",
            [request_id, first_of_request(request_id), limit],
        )
        return [row[0] for row in cursor.fetchall()]


def postpone(identifier: UUID, due_at: datetime) -> bool:
    """Let one waiting entry be due at another time; False when it is gone, a worker holds it at this moment, or a
    provider may have it."""
    with connection.cursor() as cursor:
        cursor.execute(
            # a lease that ran out becomes nobody's: who held it and wakes must not give it back, due at once
            "UPDATE ledger_queue SET due_at = %s, lease = CASE WHEN lease IS NOT NULL THEN nextval('ledger_lease') END"
            " WHERE id = %s AND (lease_until IS NULL OR lease_until < statement_timestamp())"
            " AND NOT awaits AND NOT handed_over RETURNING id",
            [due_at, identifier],
        )
        return cursor.fetchone() is not None


def put_back(identifier: UUID, lane: str, priority: int, caller_id: UUID, due_at: datetime, attempts_made: int) -> None:
    """Queue a notification again (replay of a dead letter); attempts are counted on from those made."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_queue (id, lane, priority, due_at, caller_id, attempts, replayed_after, replayed_at)"
            " VALUES (%(id)s, %(lane)s, %(priority)s, %(due_at)s, %(caller)s, %(made)s, %(made)s, %(due_at)s)"
            " ON CONFLICT (id) DO NOTHING",
            {
                "id": identifier,
                "lane": lane,
                "priority": priority,
                "due_at": due_at,
                "caller": caller_id,
                "made": attempts_made,
            },
        )


_PUT_BACK_MANY = """
INSERT INTO ledger_queue (id, lane, priority, due_at, caller_id, attempts, replayed_after, replayed_at)
SELECT n.id, n.channel, n.priority, %(now)s, n.caller_id, made.number, made.number, %(now)s
FROM ledger_notification AS n
CROSS JOIN LATERAL (
    SELECT coalesce(max(a.number), 0) AS number FROM ledger_attempt AS a WHERE a.notification_id = n.id
) AS made
WHERE n.id = ANY(%(ids)s::uuid[]) ORDER BY n.id
ON CONFLICT (id) DO NOTHING
"""


def put_back_many(ids: Collection[UUID], now: datetime) -> None:
    """Queue notifications again, due now; attempts are counted on from those made."""
    if ids:
        hot.fetch(_PUT_BACK_MANY, {"ids": hot.uuids(ids), "now": now})


# held: the last that was decided about it is a hold for this reason
_MAKE_DUE = """
WITH held AS MATERIALIZED (
    SELECT q.id FROM ledger_notification AS n JOIN ledger_queue AS q ON q.id = n.id
    CROSS JOIN LATERAL (
        SELECT d.reason, d.outcome FROM ledger_decision AS d WHERE d.notification_id = n.id ORDER BY d.id DESC LIMIT 1
    ) AS last
    WHERE n.user_id = ANY(%(users)s::uuid[]) AND n.status IN ('scheduled', 'pending')
      AND q.due_at > statement_timestamp() AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp())
      AND NOT q.awaits AND NOT q.handed_over AND last.outcome = 'hold' AND last.reason = %(reason)s
    FOR UPDATE OF q SKIP LOCKED
)
UPDATE ledger_queue AS q SET due_at = statement_timestamp(),
    lease = CASE WHEN q.lease IS NOT NULL THEN nextval('ledger_lease') END
FROM held WHERE q.id = held.id RETURNING q.lane
"""


def make_due_again(user_ids: Collection[UUID], reason: str) -> set[str]:
    """Let what is held for these people for this reason be due now, so that it is judged again; returns its lanes."""
    return {row[0] for row in hot.fetch(_MAKE_DUE, {"users": hot.uuids(user_ids), "reason": str(reason)})}


def lanes_due() -> list[str]:
    """Lanes that have due work nobody holds: what the scheduler rings for."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lane FROM unnest(%s::text[]) AS l(lane) WHERE EXISTS ("
            " SELECT 1 FROM unnest(%s::smallint[]) AS p(priority) CROSS JOIN LATERAL (SELECT 1 FROM ledger_queue q"
            "  WHERE q.lane = l.lane AND q.priority = p.priority AND q.due_at <= statement_timestamp()"
            "  AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp()) LIMIT 1) AS due)",
            [lanes(), list(PRIORITIES)],
        )
        return [row[0] for row in cursor.fetchall()]


def oldest_due_seconds() -> float:
    """Age of the oldest due entry that no worker holds, 0 when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(extract(epoch FROM statement_timestamp() - first.due_at)), 0)::float8"
            " FROM unnest(%s::text[]) AS l(lane) CROSS JOIN unnest(%s::smallint[]) AS p(priority)"
            " CROSS JOIN LATERAL (SELECT due_at FROM ledger_queue q WHERE q.lane = l.lane AND q.priority = p.priority"
            "  AND q.due_at <= statement_timestamp()"
            "  AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp())"
            "  ORDER BY q.due_at LIMIT 1) AS first",
            [lanes(), list(PRIORITIES)],
        )
        return float(cursor.fetchone()[0])
