"""Reading an inbox. Changing it is changing.py's."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from clarion.records import hot
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring
from clarion.records.personal.sealed import opened_or

_FIELDS = (
    "id, user_id, channel, seq, category, priority, content_sealed, created_at, read_at, dismissed_at, rev, born_rev,"
    " seen_at, archived_at, snoozed_until, recalled_at, group_key, acted"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as its owner sees it."""

    id: UUID
    user_id: UUID
    channel: str
    seq: int
    category: str
    priority: int
    title: str
    body: str
    data: dict[str, Any]
    created_at: datetime
    read_at: datetime | None
    dismissed_at: datetime | None
    rev: int
    born_rev: int
    seen_at: datetime | None
    archived_at: datetime | None
    snoozed_until: datetime | None
    recalled_at: datetime | None
    group: str
    acted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The last numbers given in an inbox, and how many items are unread and unseen."""

    seq: int = 0
    rev: int = 0
    unread: int = 0
    unseen: int = 0


def _item(row: Sequence[Any]) -> Item:
    place = place_of("inbox_item", row[0], "content_sealed")
    opened = opened_or(lambda: ring().open(bytes(row[6]), place), b'{"title": "", "body": "", "data": {}}')
    content = msgspec.json.decode(opened)
    return Item(
        id=row[0],
        user_id=row[1],
        channel=row[2],
        seq=row[3],
        category=row[4],
        priority=row[5],
        title=content["title"],
        body=content["body"],
        data=content["data"],
        created_at=row[7],
        read_at=row[8],
        dismissed_at=row[9],
        rev=row[10],
        born_rev=row[11],
        seen_at=row[12],
        archived_at=row[13],
        snoozed_until=row[14],
        recalled_at=row[15],
        group=row[16],
        acted=row[17],
    )


def _select(where: str, values: list[Any]) -> list[Item]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM inbox_item WHERE {where}", values)
        return [_item(row) for row in cursor.fetchall()]


_HERE = "dismissed_at IS NULL AND archived_at IS NULL AND recalled_at IS NULL"
_AWAKE = f"{_HERE} AND snoozed_until IS NULL"
_STATUS = {
    "all": _AWAKE,
    "unread": f"{_AWAKE} AND read_at IS NULL",
    "read": f"{_AWAKE} AND read_at IS NOT NULL",
    "snoozed": f"{_HERE} AND snoozed_until IS NOT NULL",
    "archived": "dismissed_at IS NULL AND recalled_at IS NULL AND archived_at IS NOT NULL",
}


def since(user_id: UUID, seq: int, limit: int) -> list[Item]:
    """Items after a sequence number, oldest first; those put away too, so that a client can drop them."""
    return _select("user_id = %s AND seq > %s ORDER BY seq LIMIT %s", [user_id, seq, limit])


def changed_since(user_id: UUID, rev: int, limit: int) -> list[Item]:
    """Items whose latest change came after a revision, by that change; those put away or recalled too. A change of more
    items than the limit is given whole."""
    items = _select("user_id = %s AND rev > %s ORDER BY rev, seq LIMIT %s", [user_id, rev, limit])
    if len(items) < limit:
        return items
    rest = _select("user_id = %s AND rev = %s AND seq > %s ORDER BY seq", [user_id, items[-1].rev, items[-1].seq])
    return items + rest


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which items of an inbox: `status` is all, unread, read (what is not put away), snoozed or archived; `before`:
    numbers below it."""

    status: str = "all"
    before: int | None = None
    category: str = ""
    group: str = ""


def _condition(user_id: UUID, wanted: Wanted) -> tuple[str, list[Any]]:
    clauses = ["user_id = %s", _STATUS[wanted.status]]
    values: list[Any] = [user_id]
    for column, value in (("category", wanted.category), ("group_key", wanted.group)):
        if value:
            clauses.append(f"{column} = %s")
            values.append(value)
    return " AND ".join(clauses), values


def newest(user_id: UUID, wanted: Wanted, limit: int) -> list[Item]:
    """Newest first."""
    condition, values = _condition(user_id, wanted)
    return _select(f"{condition} AND seq < %s ORDER BY seq DESC LIMIT %s", [*values, wanted.before or 2**62, limit])


_GROUPS = """
SELECT * FROM (
    SELECT {fields}, count(*) OVER one, count(*) FILTER (WHERE read_at IS NULL) OVER one,
           row_number() OVER (PARTITION BY {key} ORDER BY seq DESC) AS place
    FROM inbox_item WHERE {condition} WINDOW one AS (PARTITION BY {key})) AS grouped
WHERE place = 1 AND seq < %s ORDER BY seq DESC LIMIT %s
"""


def newest_of_groups(user_id: UUID, wanted: Wanted, limit: int) -> list[tuple[Item, int, int]]:
    """The newest of each group, newest first, with how many the group has and how many of them are unread; items
    without a group are one each."""
    condition, values = _condition(user_id, wanted)
    key = "CASE group_key WHEN '' THEN id::text ELSE 'group ' || group_key END"
    statement = _GROUPS.format(fields=_FIELDS, condition=condition, key=key)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, wanted.before or 2**62, limit])
        return [(_item(row), row[-3], row[-2]) for row in cursor.fetchall()]


def ids_of(user_id: UUID, wanted: Wanted) -> list[UUID]:
    """All of them."""
    condition, values = _condition(user_id, wanted)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM inbox_item WHERE {condition}", values)
        return [row[0] for row in cursor.fetchall()]


def one(user_id: UUID, identifier: UUID) -> Item | None:
    """One item of this user, unless it was recalled."""
    found = _select("id = %s AND user_id = %s AND recalled_at IS NULL", [identifier, user_id])
    return found[0] if found else None


def some(user_id: UUID, ids: Collection[UUID]) -> list[Item]:
    """These items of this user, recalled ones too, in the order of their numbers."""
    return _select("id = ANY(%s) AND user_id = %s ORDER BY seq", [list(ids), user_id])


# what was put away or recalled while it slept does not wake, and must not stand before what does
_DUE = f"""
SELECT user_id, array_agg(id) FROM (
    SELECT user_id, id, snoozed_until FROM inbox_item WHERE snoozed_until <= %s AND {_HERE}
    ORDER BY snoozed_until LIMIT %s) AS due
GROUP BY user_id ORDER BY min(snoozed_until) LIMIT %s
"""
DUE_OF_AN_INBOX = 10
"""On average; more of them come with the next call."""


def snoozed_until(now: datetime, limit: int) -> dict[UUID, list[UUID]]:
    """What is to wake by now: items by inbox, so many inboxes at most, the longest due
    first."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, limit * DUE_OF_AN_INBOX, limit])
        return dict(cursor.fetchall())


_STANDINGS = "SELECT user_id, last_seq, last_rev, unread, unseen FROM inbox_counter WHERE user_id = ANY(%s::uuid[])"


def standings(user_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Where these inboxes stand, in one query; exact, for counts change with the items. Who never got any is absent."""
    rows = hot.fetch(_STANDINGS, [hot.uuids(user_ids)])
    return {row[0]: Standing(seq=row[1], rev=row[2], unread=row[3], unseen=row[4]) for row in rows}


def standing(user_id: UUID) -> Standing:
    """Where one inbox stands."""
    return standings([user_id]).get(user_id, Standing())


_BACKLOGS = f"""
SELECT i.* FROM unnest(%s::uuid[]) AS asked(user_id), LATERAL (
    SELECT {_FIELDS} FROM inbox_item AS o WHERE o.user_id = asked.user_id AND {_STATUS["unread"]}
    ORDER BY seq DESC LIMIT %s) AS i
"""


def backlogs(user_ids: Collection[UUID], limit: int) -> dict[UUID, list[Item]]:
    """The newest unread items of each of these inboxes, oldest first, in one query."""
    found: dict[UUID, list[Item]] = {}
    for row in hot.fetch(_BACKLOGS, [hot.uuids(user_ids), limit]):
        found.setdefault(row[1], []).append(_item(row))
    return {user: items[::-1] for user, items in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """Where a client stopped in an inbox: a revision and, where that is a change of many items, the last of them.
    `rev` None: after the item with the number `seq`, in the order of items."""

    user_id: UUID
    rev: int | None
    seq: int


_PAGE = """
SELECT asked.place, i.* FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
    AS asked(user_id, rev, seq, place), LATERAL (
    SELECT {fields} FROM inbox_item AS o WHERE o.user_id = asked.user_id AND {after} ORDER BY {order} LIMIT %s) AS i
"""
_BY_ITEM = _PAGE.format(fields=_FIELDS, after="o.seq > asked.seq", order="o.seq")
_BY_CHANGE = _PAGE.format(fields=_FIELDS, after="(o.rev, o.seq) > (asked.rev, asked.seq)", order="o.rev, o.seq")


def pages(asked: Sequence[After], limit: int) -> list[list[Item]]:
    """What came after each of these places, in order, in a query for each kind of place; those put away too, so that a
    client can drop them."""
    found: list[list[Item]] = [[] for _ in asked]
    for statement, by_change in ((_BY_CHANGE, True), (_BY_ITEM, False)):
        places = [n for n, a in enumerate(asked) if (a.rev is not None) == by_change]
        if places:
            users = hot.uuids(asked[n].user_id for n in places)
            numbers = [[asked[n].rev for n in places], [asked[n].seq for n in places]]
            for row in hot.fetch(statement, [users, *numbers, limit]):
                found[places[row[0] - 1]].append(_item(row[1:]))
    return found
