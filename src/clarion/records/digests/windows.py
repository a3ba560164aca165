"""Putting notifications into windows, and taking due windows out. Each function belongs in a transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

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
    track_opens: bool = True
    track_clicks: bool = True


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a window has to tell of, however much that is: the first ones by id, and what holds for all of them."""

    count: int
    priority: int
    track_opens: bool
    track_clicks: bool
    first: tuple[UUID, ...]
    last: UUID


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
INSERT INTO digests_item (id, window_id, number, track_opens, track_clicks)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bool[], %s::bool[]) ON CONFLICT (id) DO NOTHING
"""
_PLACES = """
SELECT i.id, i.window_id, i.number, w.above, w.opened_at, w.closes_at
FROM digests_item AS i JOIN digests_window AS w ON w.id = i.window_id WHERE i.id = ANY(%s)
"""
_GATHER = """
SELECT count(*), min(n.priority), bool_and(i.track_opens), bool_and(i.track_clicks),
       (array_agg(n.id ORDER BY n.id))[1:%(shown)s::int], (array_agg(n.id ORDER BY n.id DESC))[1]
FROM digests_item AS i JOIN ledger_notification AS n ON n.id = i.id
WHERE i.window_id = %(window)s AND i.number > %(above)s AND n.status = ANY(%(statuses)s)
  AND (n.expires_at IS NULL OR n.expires_at > %(now)s)
"""
_TAKE_OUT = """
DELETE FROM digests_item WHERE id IN (
    SELECT id FROM digests_item WHERE window_id = %s AND number > %s ORDER BY number LIMIT %s
) RETURNING id
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
    _lay(arrivals, found)
    return found


def _lay(arrivals: Sequence[Arrival], found: Mapping[UUID, Place]) -> None:
    places = [found[arrival.id] for arrival in arrivals]
    columns = [
        [arrival.id for arrival in arrivals],
        [place.window_id for place in places],
        [place.number for place in places],
        [arrival.track_opens for arrival in arrivals],
        [arrival.track_clicks for arrival in arrivals],
    ]
    hot.fetch(_PUT, columns)


def _named(keys: Sequence[Key]) -> dict[str, list[object]]:
    return {
        "kinds": [str(key.kind) for key in keys],
        "users": [key.user_id for key in keys],
        "categories": [key.category_id for key in keys],
        "channels": [key.channel for key in keys],
    }


def lock_due(limit: int, now: datetime) -> list[Window]:
    """Windows whose time is over, that nobody else is at, those first whose group is still to be sent; they are locked
    until the transaction ends."""
    rows = Window.objects.select_for_update(skip_locked=True).filter(closes_at__lte=now)
    return list(rows.order_by(F("told_at").asc(nulls_first=True), "closes_at")[:limit])


def gather(window: Window, statuses: Collection[str], shown: int, now: datetime) -> Gathered | None:
    """What goes out with its group: what it collected that stands at one of `statuses` and is still worth sending. One
    pass in the database, and `shown` ids at most come here. None: nothing is to be told."""
    values = {"window": window.id, "above": window.above, "statuses": list(statuses), "shown": shown, "now": now}
    count, priority, opens, clicks, first, last = hot.fetch(_GATHER, values)[0]
    if not count:
        return None
    return Gathered(
        count=count, priority=priority, track_opens=opens, track_clicks=clicks, first=tuple(first), last=last
    )


def take_out(window: Window, limit: int) -> list[UUID]:
    """Take out what it collected, so many at most; the first ones of the window stay."""
    return [row[0] for row in hot.fetch(_TAKE_OUT, [window.id, window.above, limit])]


def keep_told(window: Window) -> None:
    """Its group was sent, and more of it is to be taken out."""
    Window.objects.filter(pk=window.id).update(closed=True, told_at=window.told_at, group_id=window.group_id)


def remove(window: Window) -> None:
    """The window is done with."""
    Item.objects.filter(window_id=window.id).delete()
    window.delete()
