"""Appending to inboxes in bulk: sequence numbers without gaps, unread counts that cannot drift.

The counter row of each user is updated first and stays locked until commit, so a later number never becomes visible
before an earlier one, and a reconnecting client that asks `since` its last number misses nothing.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from django.db import transaction

from clarion.contract.content import InboxContent
from clarion.contract.host import InboxItem
from clarion.contract.message import Message
from clarion.records import hot
from clarion.records.ledger.copying import copy_rows
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring

_COLUMNS = (
    "id", "user_id", "channel", "seq", "rev", "born_rev", "category", "priority", "content_sealed", "created_at",
    "group_key",
)  # fmt: skip


class InboxStore:
    """The InboxPort over our tables."""

    def append(self, messages: Sequence[Message], channel: str) -> list[InboxItem]:
        """Store one item per message, in one transaction; those stored before (a retry) keep their number.
        The answer is in the order of the messages."""
        with transaction.atomic():
            _lock_users({m.user_id for m in messages})
            known = _stored([m.notification_id for m in messages])
            fresh = _number([m for m in messages if m.notification_id not in known], channel)
            copy_rows("inbox_item", _COLUMNS, [_row(item) for item in fresh])
        by_id = {item.id: item for item in fresh}
        return [by_id.get(m.notification_id) or known_item(m, channel, *known[m.notification_id]) for m in messages]


# ids stay text all the way, as messages have them
_MAKE = """
INSERT INTO inbox_counter (user_id) SELECT id FROM unnest(%s::uuid[]) AS u(id)
WHERE NOT EXISTS (SELECT 1 FROM inbox_counter AS c WHERE c.user_id = u.id)
ORDER BY id ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT FROM inbox_counter WHERE user_id = ANY(%s::uuid[]) ORDER BY user_id FOR UPDATE"
_STORED = (
    "SELECT id::text, seq, rev FROM inbox_item"
    " WHERE id = ANY(%s::uuid[]) AND id BETWEEN %s::text::uuid AND %s::text::uuid"
)
_COUNT = """
UPDATE inbox_counter AS c SET last_seq = last_seq + n.added, last_rev = last_rev + n.added,
                               unread = unread + n.added, unseen = unseen + n.added
FROM unnest(%s::uuid[], %s::int[]) AS n(user_id, added) WHERE c.user_id = n.user_id
RETURNING c.user_id::text, c.last_seq - n.added, c.last_rev - c.last_seq
"""


def _lock_users(users: set[str]) -> None:
    """Create missing counters and lock all of them, in one order for every transaction (no deadlocks)."""
    hot.fetch(_MAKE, [_array(users)])
    hot.fetch(_LOCK, [_array(users)])


def _stored(ids: list[str]) -> dict[str, tuple[int, int]]:
    """Sequence and revision number of those that are there."""
    found = hot.fetch(_STORED, [_array(ids), min(ids), max(ids)]) if ids else []
    return {row[0]: (row[1], row[2]) for row in found}


def _number(messages: Sequence[Message], channel: str) -> list[InboxItem]:
    counts = Counter(m.user_id for m in messages)
    if not counts:
        return []
    rows = hot.fetch(_COUNT, [_array(counts), list(counts.values())])
    last: dict[str, int] = {row[0]: row[1] for row in rows}
    ahead: dict[str, int] = {row[0]: row[2] for row in rows}  # of the revision before the item's number
    items = []
    for message in messages:
        last[message.user_id] += 1
        seq = last[message.user_id]
        items.append(known_item(message, channel, seq, seq + ahead[message.user_id]))
    return items


def _array(ids: Iterable[str]) -> str:
    return "{" + ",".join(ids) + "}"


def known_item(message: Message, channel: str, seq: int, rev: int) -> InboxItem:
    """The item a message becomes under its numbers."""
    content = message.content
    if not isinstance(content, InboxContent):
        raise TypeError(f"the inbox takes InboxContent, not {type(content).__name__}")
    data = {**content.data, **({"link": content.link} if content.link else {})}
    return InboxItem(
        id=message.notification_id,
        user_id=message.user_id,
        channel=channel,
        seq=seq,
        rev=rev,
        title=content.title,
        body=content.body,
        data=data,
        priority=message.priority,
        category=message.category,
        created_at=message.created_at,
        group=content.group,
    )


def _row(item: InboxItem) -> tuple[Any, ...]:
    sealed = seal(item.id, msgspec.json.encode({"title": item.title, "body": item.body, "data": item.data}))
    numbers = (item.seq, item.rev, item.rev)
    return (
        item.id,
        item.user_id,
        item.channel,
        *numbers,
        item.category,
        item.priority,
        sealed,
        item.created_at,
        item.group,
    )


def seal(identifier: str, content: bytes) -> bytes:
    """The content of an item (title, body, data as JSON) as it is stored."""
    return ring().seal(content, place_of("inbox_item", identifier, "content_sealed"))
