"""Places under the frequency caps: one row for each notification that took one, on its person's local day. Rows are
kept for a week and a little. The rules about them are rules.py's; taking places is flows/delivery/capping.py's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from clarion.records import hot
from clarion.records.categories.catalog import catalog
from clarion.records.categories.policy import NO_CAP
from clarion.records.local_time import zone_of
from clarion.records.preferences.rules import Used

WEEK = timedelta(days=7)
# a person's local day is at most one off from the day in UTC
KEPT = timedelta(days=8)

# A column for a query over people_user AS u with preferences_global AS g: NULL where no cap can speak.
OF_USER = """CASE WHEN %s OR g.max_per_day > 0 THEN
        (SELECT jsonb_agg(jsonb_build_array(s.category_id, s.day, s.taken)) FROM (
            SELECT category_id, day, count(*) AS taken FROM preferences_slot
            WHERE user_id = u.id AND day >= %s GROUP BY category_id, day) AS s)
       END"""


def are_counted(category_ids: Collection[int]) -> bool:
    """Whether the deployment, or one of these categories, caps anything."""
    if settings.USER_CAP != NO_CAP:
        return True
    found = (catalog.find(one) for one in category_ids)
    return any(one is not None and one.cap != NO_CAP for one in found)


def first_day(now: datetime) -> date:
    """The first day that any cap looks back to, whatever the zone."""
    return (now - KEPT).date()


def local_day(zone: str, now: datetime) -> date:
    """The day on the person's calendar."""
    return now.astimezone(zone_of(zone)).date()


def read(column: Sequence[Sequence[Any]] | None, zone: str, now: datetime) -> dict[int, Used]:
    """What `OF_USER` brought: by category id, and under 0 over all."""
    today = local_day(zone, now)
    counts = [(int(category), date.fromisoformat(str(day)), int(taken)) for category, day, taken in column or ()]
    found: dict[int, Used] = {}
    for category, day, taken in counts:
        for key in (0, category):
            found[key] = _with(found.get(key, Used()), day, taken, today)
    return found


def _with(used: Used, day: date, taken: int, today: date) -> Used:
    """Days ahead (the person moved west) count as today, so that a change of zone gives no room."""
    if day >= today:
        return Used(used.today + taken, used.week + taken)
    return Used(used.today, used.week + taken) if day > today - WEEK else used


_LOCK = "SELECT id FROM people_user WHERE id = ANY(%s::uuid[]) ORDER BY id FOR NO KEY UPDATE"
_COUNT = """
SELECT s.user_id, u.timezone, s.category_id, s.day, count(*)
FROM preferences_slot s JOIN people_user u ON u.id = s.user_id
WHERE s.user_id = ANY(%s::uuid[]) AND s.day >= %s GROUP BY s.user_id, u.timezone, s.category_id, s.day
"""
_TAKE = """
INSERT INTO preferences_slot (notification_id, user_id, category_id, day)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::date[]) ON CONFLICT (notification_id) DO NOTHING
"""
_GIVE_BACK = "DELETE FROM preferences_slot WHERE notification_id = ANY(%s::uuid[])"
_SWEEP = """
DELETE FROM preferences_slot WHERE notification_id IN (
    SELECT notification_id FROM preferences_slot WHERE day < %s LIMIT 20000)
RETURNING notification_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """The place of one notification."""

    notification_id: UUID
    user_id: UUID
    category_id: int
    day: date


def counted(user_ids: Collection[UUID], now: datetime) -> dict[UUID, dict[int, Used]]:
    """What was counted for these people, for good: nobody else counts for them until the open transaction ends."""
    ids = hot.uuids(sorted(user_ids))
    hot.fetch(_LOCK, [ids])
    columns: dict[UUID, tuple[str, list[tuple[int, date, int]]]] = {}
    for user_id, zone, category_id, day, taken in hot.fetch(_COUNT, [ids, first_day(now)]):
        columns.setdefault(user_id, (zone, []))[1].append((category_id, day, taken))
    return {user_id: read(column, zone, now) for user_id, (zone, column) in columns.items()}


def take(slots: Sequence[Slot]) -> None:
    """Keep these places, in the transaction that counted."""
    if slots:
        hot.fetch(
            _TAKE,
            [
                [slot.notification_id for slot in slots],
                [slot.user_id for slot in slots],
                [slot.category_id for slot in slots],
                [slot.day for slot in slots],
            ],
        )


def give_back(notification_ids: Collection[UUID]) -> None:
    """Those that ended without having been sent; those that have no place are passed over."""
    if notification_ids:
        hot.fetch(_GIVE_BACK, [hot.uuids(notification_ids)])


def sweep(now: datetime) -> int:
    """Forget places that no cap looks back to, some at a time; how many went."""
    return len(hot.fetch(_SWEEP, [first_day(now)]))
