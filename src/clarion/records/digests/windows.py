"""Putting notifications into windows, and taking due windows out. Each function belongs in a transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F, Q

from clarion.contract.reasons import Reason
from clarion.records import hot
from clarion.records.digests.models import Item, Kind, Window
from clarion.records.ids import first_id_of, moment_of, new_id

TOLD_IN = "told of in "
"""What the decision about a collected notification says before the id of the group or digest that tells of it."""
A_REQUESTS_SPAN = timedelta(days=1)
"""The notifications of one request come within this time."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Key:
    """Whose window, of what, on which channel."""

    user_id: UUID
    category_id: int
    channel: str
    kind: str = Kind.BURST


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A notification that belongs in the open window of `key`; if that is to be opened, until `closes_at` and with
    `above`."""

    id: UUID
    key: Key
    closes_at: datetime
    above: int = 0
    track_opens: bool = True
    track_clicks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a notification lies."""

    window_id: UUID
    kind: str
    number: int
    above: int
    opened_at: datetime
    closes_at: datetime

    @property
    def is_collected(self) -> bool:
        """It goes out with the others; the first ones of a window go singly."""
        return self.number > self.above


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwanted:
    """What its recipient does not want any more of a window: categories with the reason of each, and templates."""

    categories: Mapping[int, str] = field(default_factory=dict)
    templates: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a window tells of in one category: how many, and the first ones, the most urgent before the others."""

    category_id: int
    count: int
    first: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a window has to tell of, however much that is: its parts, the most urgent before the others, and what holds
    for all of them. `last`: the newest."""

    count: int
    priority: int
    track_opens: bool
    track_clicks: bool
    last: UUID
    parts: tuple[Part, ...]

    @property
    def first(self) -> tuple[UUID, ...]:
        """The first ones of all parts."""
        return tuple(one for part in self.parts for one in part.first)


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
SELECT k.id, k.kind, k.user_id, k.category_id, k.channel, %(now)s, k.closes_at, k.above, k.number, false
FROM unnest(%(ids)s::uuid[], %(kinds)s::text[], %(users)s::uuid[], %(categories)s::int[], %(channels)s::text[],
            %(closings)s::timestamptz[], %(aboves)s::int[], %(numbers)s::int[])
     AS k(id, kind, user_id, category_id, channel, closes_at, above, number)
ON CONFLICT (kind, user_id, category_id, channel) WHERE NOT closed DO UPDATE SET count = w.count + excluded.count
RETURNING w.kind, w.user_id, w.category_id, w.channel, w.id, w.count, w.above, w.opened_at, w.closes_at
"""
# what has ended meanwhile, as the message of another window told of it, is not put in once more
_PUT = """
INSERT INTO digests_item (id, window_id, number, track_opens, track_clicks)
SELECT i.* FROM unnest(%(ids)s::uuid[], %(windows)s::uuid[], %(numbers)s::int[], %(opens)s::bool[], %(clicks)s::bool[])
     AS i(id, window_id, number, track_opens, track_clicks)
WHERE NOT EXISTS (
    SELECT 1 FROM ledger_notification AS n
    WHERE n.id = i.id AND n.id BETWEEN %(lowest)s AND %(highest)s AND n.status NOT IN ('scheduled', 'pending')
) ON CONFLICT (id) DO NOTHING
"""
_PLACES = """
SELECT i.id, i.window_id, w.kind, i.number, w.above, w.opened_at, w.closes_at
FROM digests_item AS i JOIN digests_window AS w ON w.id = i.window_id WHERE i.id = ANY(%s)
"""
_CATEGORIES = """
SELECT DISTINCT w.id, n.category_id FROM digests_window AS w JOIN digests_item AS i ON i.window_id = w.id
JOIN ledger_notification AS n ON n.id = i.id WHERE w.id = ANY(%s) AND i.number > w.above
"""
# read: the person has seen the same in the inbox, by a notification of the same request
_LEAVE_OUT = """
UPDATE digests_item AS i SET left_out = kept.why
FROM (
    SELECT n.id, j.left_out, CASE
        WHEN n.status <> ALL(%(statuses)s::text[]) THEN 'ended'
        WHEN n.expires_at <= %(now)s THEN 'expired'
        WHEN n.category_id = ANY(%(categories)s::int[])
            THEN (%(reasons)s::text[])[array_position(%(categories)s::int[], n.category_id)]
        WHEN n.template_id = ANY(%(templates)s::uuid[]) THEN %(template_off)s
        WHEN n.request_id IN (SELECT r.request_id FROM ledger_notification AS r
                              WHERE r.user_id = %(user)s AND r.id >= %(since)s AND r.status = 'read') THEN 'read'
        ELSE ''
    END AS why
    FROM digests_item AS j JOIN ledger_notification AS n ON n.id = j.id
    WHERE j.window_id = %(window)s AND j.number > %(above)s
) AS kept WHERE i.id = kept.id AND kept.why <> kept.left_out
"""
_GATHER = """
SELECT n.category_id, count(*), min(n.priority), bool_and(i.track_opens), bool_and(i.track_clicks),
       (array_agg(n.id ORDER BY n.priority, n.id))[1:%(shown)s::int], (array_agg(n.id ORDER BY n.id DESC))[1]
FROM digests_item AS i JOIN ledger_notification AS n ON n.id = i.id
WHERE i.window_id = %(window)s AND i.number > %(above)s AND i.left_out = ''
GROUP BY n.category_id ORDER BY min(n.priority), n.category_id
"""
_FIRST = "SELECT i.id FROM digests_item AS i WHERE i.window_id = %s AND i.number > %s ORDER BY i.id LIMIT 1"
_TAKE_OUT = """
DELETE FROM digests_item WHERE id IN (
    SELECT id FROM digests_item WHERE window_id = %s AND number > %s ORDER BY number LIMIT %s
) RETURNING id, left_out
"""
_RELEASE = """
DELETE FROM digests_item WHERE id IN (
    SELECT i.id FROM digests_item AS i JOIN ledger_notification AS n ON n.id = i.id
    WHERE i.window_id = %s AND n.category_id = ANY(%s::int[]) AND n.status = 'digested' LIMIT %s
) RETURNING id
"""
_OF_REQUEST = """
WITH found AS MATERIALIZED (
    SELECT i.id, i.window_id FROM ledger_notification AS n JOIN digests_item AS i ON i.id = n.id
    JOIN digests_window AS v ON v.id = i.window_id AND v.told_at IS NULL
    WHERE n.request_id = %(request)s AND n.id >= %(since)s AND n.status = 'digested' LIMIT %(limit)s
), held AS (
    SELECT w.id FROM digests_window AS w WHERE w.id IN (SELECT window_id FROM found) AND w.told_at IS NULL
    ORDER BY w.id FOR UPDATE
)
DELETE FROM digests_item AS i USING held
WHERE i.window_id = held.id AND i.id IN (SELECT id FROM found) RETURNING i.id
"""


def places_of(ids: Collection[UUID]) -> dict[UUID, Place]:
    """Where these lie already; what lies nowhere is absent."""
    rows = hot.fetch(_PLACES, [list(ids)]) if ids else []
    return {
        row[0]: Place(window_id=row[1], kind=row[2], number=row[3], above=row[4], opened_at=row[5], closes_at=row[6])
        for row in rows
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
        "closings": [first.closes_at for first in firsts],
        "aboves": [first.above for first in firsts],
        "numbers": [len(by_key[key]) for key in keys],
    }
    found: dict[UUID, Place] = {}
    for kind, user, category, channel, window, count, above, opened, closes in hot.fetch(_OPEN, values):
        came = by_key[Key(kind=kind, user_id=user, category_id=category, channel=channel)]
        for number, arrival in enumerate(came, start=count - len(came) + 1):
            found[arrival.id] = Place(
                window_id=window, kind=kind, number=number, above=above, opened_at=opened, closes_at=closes
            )
    _lay(arrivals, found)
    return found


def _lay(arrivals: Sequence[Arrival], found: Mapping[UUID, Place]) -> None:
    places = [found[arrival.id] for arrival in arrivals]
    ids = [arrival.id for arrival in arrivals]
    columns = {
        "ids": ids,
        "windows": [place.window_id for place in places],
        "numbers": [place.number for place in places],
        "opens": [arrival.track_opens for arrival in arrivals],
        "clicks": [arrival.track_clicks for arrival in arrivals],
        "lowest": min(ids),
        "highest": max(ids),
    }
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
    rows = rows.filter(Q(waits_until=None) | Q(waits_until__lte=now))
    return list(rows.order_by(F("told_at").asc(nulls_first=True), "closes_at")[:limit])


def categories_of(windows: Collection[Window]) -> dict[UUID, list[int]]:
    """The categories of what each of the windows collected."""
    found: dict[UUID, list[int]] = {}
    for window, category in hot.fetch(_CATEGORIES, [[each.id for each in windows]]) if windows else []:
        found.setdefault(window, []).append(category)
    return found


def leave_out(window: Window, statuses: Collection[str], unwanted: Unwanted, now: datetime) -> None:
    """Settle what its message does not tell of: what has ended by other ways (stands at none of `statuses`), expired,
    is not wanted any more, or was read in the inbox meanwhile."""
    first = hot.fetch(_FIRST, [window.id, window.above])
    if not first:
        return
    values = {
        "window": window.id,
        "above": window.above,
        "user": window.user_id,
        "since": first_id_of(moment_of(first[0][0]) - A_REQUESTS_SPAN),
        "statuses": list(statuses),
        "categories": list(unwanted.categories),
        "reasons": list(unwanted.categories.values()),
        "templates": list(unwanted.templates),
        "template_off": str(Reason.TEMPLATE_OFF),
        "now": now,
    }
    hot.fetch(_LEAVE_OUT, values)


def gather(window: Window, shown: int) -> Gathered | None:
    """What its message tells of: all that was not left out. One pass in the database, and `shown` ids of each category
    at most come here. None: nothing is to be told."""
    rows = hot.fetch(_GATHER, {"window": window.id, "above": window.above, "shown": shown})
    if not rows:
        return None
    return Gathered(
        count=sum(row[1] for row in rows),
        priority=min(row[2] for row in rows),
        track_opens=all(row[3] for row in rows),
        track_clicks=all(row[4] for row in rows),
        last=max(row[6] for row in rows),
        parts=tuple(Part(category_id=row[0], count=row[1], first=tuple(row[5])) for row in rows),
    )


def take_out(window: Window, limit: int) -> dict[UUID, str]:
    """Take out what it collected, so many at most, each with why its message left it out (empty: it did not); the first
    ones of the window stay."""
    return dict(hot.fetch(_TAKE_OUT, [window.id, window.above, limit]))


def withdraw(identifier: UUID) -> bool:
    """Take one collected notification out; False when it lies in no window, or that was told of."""
    window = Window.objects.filter(pk__in=Item.objects.filter(pk=identifier).values("window_id"))
    open_ones = list(window.select_for_update().filter(told_at=None))
    return bool(open_ones) and bool(Item.objects.filter(pk=identifier, window_id=open_ones[0].id).delete()[0])


def withdraw_of_request(request_id: UUID, since: UUID, limit: int) -> list[UUID]:
    """Take out up to `limit` of what one request (its notifications' ids are `since` or later) has in windows that
    were not told of; returns ids."""
    values = {"request": request_id, "since": since, "limit": limit}
    return [row[0] for row in hot.fetch(_OF_REQUEST, values)]


def lock_open(user_ids: Collection[UUID], kinds: Collection[str], now: datetime) -> list[Window]:
    """These people's windows whose time is not over, that nobody else is at; locked until the transaction ends."""
    rows = Window.objects.select_for_update(skip_locked=True).filter(user_id__in=user_ids, kind__in=kinds)
    return list(rows.filter(told_at=None, closes_at__gt=now).order_by("id"))


def release(window: Window, categories: Collection[int], limit: int) -> list[UUID]:
    """Take out what it collected of these categories, so many at most. What a worker has yet to settle stays: once it
    is `digested`, only a window tells of it."""
    return [row[0] for row in hot.fetch(_RELEASE, [window.id, list(categories), limit])]


def wait_no_more(user_ids: Collection[UUID]) -> None:
    """These people's windows do not wait any more for their quiet hours to end, as those were."""
    Window.objects.filter(user_id__in=user_ids, told_at=None).exclude(waits_until=None).update(waits_until=None)


def remove_if_empty(window: Window) -> None:
    """The window goes where nothing lies in it."""
    if not Item.objects.filter(window_id=window.id).exists():
        window.delete()


def keep_waiting(window: Window, until: datetime) -> None:
    """Its message is not made before this time."""
    Window.objects.filter(pk=window.id).update(waits_until=until)


def keep_told(window: Window) -> None:
    """Its group was sent, and more of it is to be taken out."""
    Window.objects.filter(pk=window.id).update(closed=True, told_at=window.told_at, group_id=window.group_id)


def remove(window: Window) -> None:
    """The window is done with."""
    Item.objects.filter(window_id=window.id).delete()
    window.delete()
