"""Putting notifications into windows, and taking due windows out. Each function belongs in a transaction."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clarion.records import hot
from clarion.records.digests.models import Item, Kind, Window
from clarion.records.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """Whose window, of what, on which channel."""

    user_id: UUID
    category_id: int
    channel: str
    kind: str = Kind.BURST


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A notification that belongs in a window of `key`; if that is to be opened, for `span` and with `above`."""

    id: UUID
    key: Key
    above: int
    span: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a notification lies."""

    window_id: UUID
    number: int
    above: int
    opened_at: datetime
    closes_at: datetime

    @property
    def is_collected(self) -> bool:
        """It goes out with the others; the first ones of a window go singly."""
        return self.number > self.above


# one order for all who come at the same time, so that two batches cannot block each other
_HOLD = """
SELECT pg_advisory_xact_lock(place) FROM (
    SELECT DISTINCT hashtextextended(concat_ws(' ', 'window', kind, user_id, category_id, channel), 0) AS place
    FROM unnest(%(kinds)s::text[], %(users)s::uuid[], %(categories)s::int[], %(channels)s::text[])
         AS k(kind, user_id, category_id, channel)
    ORDER BY place
) AS places
"""
_CLOSE = """
UPDATE digests_window AS w SET closed = true
FROM unnest(%(kinds)s::text[], %(users)s::uuid[], %(categories)s::int[], %(channels)s::text[])
     AS k(kind, user_id, category_id, channel)
WHERE NOT w.closed AND w.closes_at <= %(now)s AND w.kind = k.kind AND w.user_id = k.user_id
  AND w.category_id = k.category_id AND w.channel = k.channel
"""
_OPEN = """
INSERT INTO digests_window AS w (id, kind, user_id, category_id, channel, opened_at, closes_at, above, count, closed)
SELECT k.id, k.kind, k.user_id, k.category_id, k.channel, %(now)s, %(now)s + k.span, k.above, k.number, false
FROM unnest(%(ids)s::uuid[], %(kinds)s::text[], %(users)s::uuid[], %(categories)s::int[], %(channels)s::text[],
            %(spans)s::interval[], %(aboves)s::int[], %(numbers)s::int[])
     AS k(id, kind, user_id, category_id, channel, span, above, number)
ON CONFLICT (kind, user_id, category_id, channel) WHERE NOT closed DO UPDATE SET count = w.count + excluded.count
RETURNING w.kind, w.user_id, w.category_id, w.channel, w.id, w.count, w.above, w.opened_at, w.closes_at
"""
_PUT = """
INSERT INTO digests_item (id, window_id, number)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[]) ON CONFLICT (id) DO NOTHING
"""
_PLACES = """
SELECT i.id, i.window_id, i.number, w.above, w.opened_at, w.closes_at
FROM digests_item AS i JOIN digests_window AS w ON w.id = i.window_id WHERE i.id = ANY(%s)
"""


def places_of(ids: Collection[UUID]) -> dict[UUID, Place]:
    """Where these lie already; what lies nowhere is absent."""
    rows = hot.fetch(_PLACES, [list(ids)]) if ids else []
    return {
        row[0]: Place(window_id=row[1], number=row[2], above=row[3], opened_at=row[4], closes_at=row[5]) for row in rows
    }


def put(arrivals: Sequence[Arrival], now: datetime) -> dict[UUID, Place]:
    """Put each into the open window of its key, in this order, and open one where there is none. None of them lies in a
    window yet."""
    by_key: dict[Key, list[Arrival]] = {}
    for arrival in arrivals:
        by_key.setdefault(arrival.key, []).append(arrival)
    keys = sorted(by_key)
    named = _named(keys)
    hot.fetch(_HOLD, named)
    hot.fetch(_CLOSE, {**named, "now": now})
    firsts = [by_key[key][0] for key in keys]
    values = {
        **named,
        "now": now,
        "ids": [new_id() for _ in keys],
        "spans": [first.span for first in firsts],
        "aboves": [first.above for first in firsts],
        "numbers": [len(by_key[key]) for key in keys],
    }
    found: dict[UUID, Place] = {}
    for kind, user, category, channel, window, count, above, opened, closes in hot.fetch(_OPEN, values):
        came = by_key[Key(kind=kind, user_id=user, category_id=category, channel=channel)]
        for number, arrival in enumerate(came, start=count - len(came) + 1):
            found[arrival.id] = Place(window_id=window, number=number, above=above, opened_at=opened, closes_at=closes)
    places = list(found.items())
    hot.fetch(_PUT, [[i for i, _ in places], [p.window_id for _, p in places], [p.number for _, p in places]])
    return found


def _named(keys: Sequence[Key]) -> dict[str, list[object]]:
    return {
        "kinds": [str(key.kind) for key in keys],
        "users": [key.user_id for key in keys],
        "categories": [key.category_id for key in keys],
        "channels": [key.channel for key in keys],
    }


def lock_due(limit: int, now: datetime) -> list[Window]:
    """Windows whose time is over, that nobody else is at; they are locked until the transaction ends."""
    rows = Window.objects.select_for_update(skip_locked=True).filter(closes_at__lte=now).order_by("closes_at")
    return list(rows[:limit])


def collected_in(window: Window) -> list[UUID]:
    """The notifications that go out with its group, in the order in which they came."""
    rows = Item.objects.filter(window_id=window.id, number__gt=window.above).order_by("number")
    return list(rows.values_list("id", flat=True))


def remove(window: Window) -> None:
    """The window is done with."""
    Item.objects.filter(window_id=window.id).delete()
    window.delete()
