"""Reading an inbox and marking items. Every mark moves the unread count in the same transaction, and the
notification's own state with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring
from clarion.records.personal.sealed import opened_or

_FIELDS = "id, user_id, channel, seq, category, priority, content_sealed, created_at, read_at, dismissed_at"


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
    )


def _select(where: str, values: list[Any]) -> list[Item]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM inbox_item WHERE {where}", values)
        return [_item(row) for row in cursor.fetchall()]


def since(user_id: UUID, seq: int, limit: int) -> list[Item]:
    """Items after a sequence number, oldest first; dismissed ones too, so that a client can drop them."""
    return _select("user_id = %s AND seq > %s ORDER BY seq LIMIT %s", [user_id, seq, limit])


def newest(user_id: UUID, status: str, before: int | None, limit: int) -> list[Item]:
    """Newest first; `status` is `unread`, `read` or `all` (dismissed ones never)."""
    clause = {"unread": " AND read_at IS NULL", "read": " AND read_at IS NOT NULL", "all": ""}[status]
    return _select(
        f"user_id = %s AND dismissed_at IS NULL AND seq < %s{clause} ORDER BY seq DESC LIMIT %s",
        [user_id, before if before is not None else 2**62, limit],
    )


def one(user_id: UUID, identifier: UUID) -> Item | None:
    """One item of this user."""
    found = _select("id = %s AND user_id = %s", [identifier, user_id])
    return found[0] if found else None


def unread_count(user_id: UUID) -> int:
    """From the counter; exact, for it changes with the items."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT unread FROM inbox_counter WHERE user_id = %s", [user_id])
        row = cursor.fetchone()
    return row[0] if row else 0


def last_seq(user_id: UUID) -> int:
    """The newest number given to this user."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_seq FROM inbox_counter WHERE user_id = %s", [user_id])
        row = cursor.fetchone()
    return row[0] if row else 0


def mark_read(user_id: UUID, identifier: UUID, now: datetime) -> bool:
    """Mark one item; False when it was read before or is not this user's."""
    return bool(_mark(user_id, "id = %s AND read_at IS NULL", [identifier], now, dismiss=False))


def mark_all_read(user_id: UUID, now: datetime) -> int:
    """Mark every unread item; how many there were."""
    return len(_mark(user_id, "read_at IS NULL", [], now, dismiss=False))


def dismiss(user_id: UUID, identifier: UUID, now: datetime) -> bool:
    """Put one item away (it counts as read); False when it was dismissed before or is not this user's."""
    return bool(_mark(user_id, "id = %s AND dismissed_at IS NULL", [identifier], now, dismiss=True))


def _mark(user_id: UUID, where: str, values: list[Any], now: datetime, *, dismiss: bool) -> list[UUID]:
    also = ", dismissed_at = %s" if dismiss else ""
    with transaction.atomic(), connection.cursor() as cursor:
        # the counter is locked before any item, as everywhere, so that counts and items change together
        cursor.execute("SELECT 1 FROM inbox_counter WHERE user_id = %s FOR UPDATE", [user_id])
        cursor.execute(
            f"WITH old AS (SELECT id, read_at FROM inbox_item WHERE user_id = %s AND {where})"
            f" UPDATE inbox_item AS i SET read_at = coalesce(i.read_at, %s){also} FROM old WHERE i.id = old.id"
            " RETURNING i.id, old.read_at IS NULL",
            [user_id, *values, now, *([now] if dismiss else [])],
        )
        rows = cursor.fetchall()
        newly_read = [row[0] for row in rows if row[1]]
        cursor.execute("UPDATE inbox_counter SET unread = unread - %s WHERE user_id = %s", [len(newly_read), user_id])
        move([Move(notification_id=identifier, to=Status.READ) for identifier in newly_read], now)
    return [row[0] for row in rows]
