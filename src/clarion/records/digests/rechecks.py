"""People whose wishes or clock changed, so that what waits for them is looked at again (flows/delivery/rechecking.py).
Asked for in the transaction of the change, so no change is forgotten."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from clarion.records import hot
from clarion.records.digests.models import Recheck

LOOKS = 2
SECOND_LOOK = timedelta(seconds=20)
"""A second look comes so long after the first, for what was being judged by the old wishes meanwhile."""

_ASK = """
INSERT INTO digests_recheck (user_id, due_at, looks) SELECT u, %s, 0 FROM unnest(%s::uuid[]) AS u ORDER BY u
ON CONFLICT (user_id) DO UPDATE SET due_at = excluded.due_at, looks = 0
"""


def ask(user_ids: Collection[UUID], now: datetime) -> None:
    """Have what waits for these people looked at again."""
    if user_ids:
        hot.fetch(_ASK, [now, sorted(set(user_ids))])


def lock_due(limit: int, now: datetime) -> list[Recheck]:
    """Those that nobody else is at, locked until the transaction ends."""
    rows = Recheck.objects.select_for_update(skip_locked=True).filter(due_at__lte=now)
    return list(rows.order_by("due_at")[:limit])


def looked_at(rows: Sequence[Recheck], now: datetime) -> None:
    """They were looked at: later once more, or they are done with."""
    again = [row.user_id for row in rows if row.looks + 1 < LOOKS]
    done = [row.user_id for row in rows if row.looks + 1 >= LOOKS]
    if again:
        Recheck.objects.filter(pk__in=again).update(due_at=now + SECOND_LOOK, looks=1)
    if done:
        Recheck.objects.filter(pk__in=done).delete()
