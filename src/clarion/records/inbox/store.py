"""Appending to inboxes in bulk: sequence numbers without gaps, unread counts that cannot drift.

The counter row of each user is updated first and stays locked until commit, so a later number never becomes visible
before an earlier one, and a reconnecting client that asks `since` its last number misses nothing.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection, transaction

from clarion.contract.content import InboxContent
from clarion.contract.host import InboxItem
from clarion.contract.message import Message
from clarion.records.ledger.copying import copy_rows
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring

_COLUMNS = ("id", "user_id", "channel", "seq", "category", "priority", "content_sealed", "created_at")


class InboxStore:
    """The InboxPort over our tables."""

    def append(self, messages: Sequence[Message], channel: str) -> list[InboxItem]:
        """Store one item per message, in one transaction; those stored before (a retry) keep their number.
        The answer is in the order of the messages."""
        with transaction.atomic():
            _lock_users({UUID(m.user_id) for m in messages})
            known = _stored([UUID(m.notification_id) for m in messages])
            fresh = _number([m for m in messages if UUID(m.notification_id) not in known], channel)
            copy_rows("inbox_item", _COLUMNS, [_row(item) for item in fresh])
        by_id = {item.id: item for item in fresh}
        return [
            by_id.get(m.notification_id) or known_item(m, channel, known[UUID(m.notification_id)]) for m in messages
        ]


def _lock_users(users: set[UUID]) -> None:
    """Create missing counters and lock all of them, in one order for every transaction (no deadlocks)."""
    ordered = sorted(users)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inbox_counter (user_id, last_seq, unread) SELECT id, 0, 0 FROM unnest(%s::uuid[]) AS u(id)"
            " ORDER BY id ON CONFLICT DO NOTHING",
            [ordered],
        )
        cursor.execute(
            "SELECT user_id FROM inbox_counter WHERE user_id = ANY(%s) ORDER BY user_id FOR UPDATE", [ordered]
        )


def _stored(ids: list[UUID]) -> dict[UUID, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, seq FROM inbox_item WHERE id = ANY(%s)", [ids])
        return dict(cursor.fetchall())


def _number(messages: Sequence[Message], channel: str) -> list[InboxItem]:
    counts = Counter(UUID(m.user_id) for m in messages)
    if not counts:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE inbox_counter AS c SET last_seq = last_seq + n.added, unread = unread + n.added"
            " FROM unnest(%s::uuid[], %s::int[]) AS n(user_id, added) WHERE c.user_id = n.user_id"
            " RETURNING c.user_id, c.last_seq - n.added",
            [list(counts), list(counts.values())],
        )
        last = dict(cursor.fetchall())
    items = []
    for message in messages:
        user = UUID(message.user_id)
        last[user] += 1
        items.append(known_item(message, channel, last[user]))
    return items


def known_item(message: Message, channel: str, seq: int) -> InboxItem:
    """The item a message becomes under a sequence number."""
    content = message.content
    if not isinstance(content, InboxContent):
        raise TypeError(f"the inbox takes InboxContent, not {type(content).__name__}")
    data = {**content.data, **({"link": content.link} if content.link else {})}
    return InboxItem(
        id=message.notification_id,
        user_id=message.user_id,
        channel=channel,
        seq=seq,
        title=content.title,
        body=content.body,
        data=data,
        priority=message.priority,
        category=message.category,
        created_at=message.created_at,
    )


def _row(item: InboxItem) -> tuple[Any, ...]:
    content = msgspec.json.encode({"title": item.title, "body": item.body, "data": item.data})
    sealed = ring().seal(content, place_of("inbox_item", item.id, "content_sealed"))
    return (item.id, item.user_id, item.channel, item.seq, item.category, item.priority, sealed, item.created_at)
