"""What the outbox page shows: sandbox entries of channels that the sandbox carries now, and inbox items, in one list.

Newest first by id (UUIDv7). Ids are found first and contents opened afterwards, so that a page which asks again and
again costs no decryption while nothing is new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from clarion.contract.channel import ChannelKey
from clarion.records.accounts.models import Account
from clarion.records.inbox.models import InboxItem
from clarion.records.inbox.reading import one as inbox_item
from clarion.records.outbox.models import OutboxMessage
from clarion.records.outbox.store import recipient_hashes
from clarion.records.people.models import User
from clarion.records.personal.sealed import opened_or

INBOX_CHANNELS = (ChannelKey.IN_APP, ChannelKey.WEBSOCKET)
COUNT_MOST = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which entries. `recipient` is a whole address or a user's id; `since` and `before` are ids, both exclusive."""

    channels: tuple[ChannelKey, ...]
    recipient: str = field(default="", repr=False)
    since: UUID | None = None
    before: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One entry, opened."""

    id: UUID
    notification_id: UUID
    user_id: UUID
    channel: ChannelKey
    recipient: str = field(repr=False)
    title: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
    raw: str = field(default="", repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Entries by channel; of those in `more` there are at least so many."""

    found: Mapping[ChannelKey, int]
    more: frozenset[ChannelKey]


def visible_channels() -> tuple[ChannelKey, ...]:
    """Channels carried by nothing but the sandbox now, and those that end in the inbox anyway."""
    carriers: dict[str, set[str]] = {}
    for channel, provider in Account.objects.values_list("channel", "provider"):
        carriers.setdefault(channel, set()).add(provider)
    return tuple(key for key in ChannelKey if key in INBOX_CHANNELS or carriers.get(key) == {"sandbox"})


def find_ids(search: Search) -> list[UUID]:
    """The ids of what matches, newest first."""
    rows: list[UUID] = []
    for query in (_sandboxed(search), _inboxed(search)):
        rows += query.order_by("-id").values_list("id", flat=True)[: search.limit]
    return sorted(rows, reverse=True)[: search.limit]


def counts(search: Search) -> Counts:
    """How many there are by channel, among the newest COUNT_MOST of the outbox and of the inboxes."""
    found, more = dict.fromkeys(search.channels, 0), set()
    for query in (_sandboxed(search), _inboxed(search)):
        channels = list(query.order_by("-id").values_list("channel", flat=True)[:COUNT_MOST])
        for channel in channels:
            found[ChannelKey(channel)] += 1
        if len(channels) == COUNT_MOST:
            more |= {ChannelKey(channel) for channel in channels}
    return Counts(found=found, more=frozenset(more))


def load(ids: Sequence[UUID]) -> list[Shown]:
    """Entries by id, in the order of the ids; unknown ones are left out."""
    entries = {row.id: _of_outbox(row) for row in OutboxMessage.objects.filter(id__in=ids)}
    owners = dict(InboxItem.objects.filter(id__in=set(ids) - set(entries)).values_list("id", "user_id"))
    users = User.objects.in_bulk(set(owners.values()))
    for identifier, user_id in owners.items():
        entries[identifier] = _of_inbox(identifier, user_id, users.get(user_id))
    return [entries[identifier] for identifier in ids if identifier in entries]


def one(channels: Sequence[ChannelKey], identifier: UUID) -> Shown | None:
    """One entry, if its channel is among these."""
    found = next(iter(load([identifier])), None)
    return found if found is not None and found.channel in channels else None


def _sandboxed(search: Search) -> "QuerySet[OutboxMessage]":
    rows = OutboxMessage.objects.filter(channel__in=[key for key in search.channels if key not in INBOX_CHANNELS])
    user_id = _as_id(search.recipient)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    elif search.recipient:
        rows = rows.filter(recipient_hash__in=recipient_hashes(search.recipient))
    return rows.filter(_between(search))


def _inboxed(search: Search) -> "QuerySet[InboxItem]":
    rows = InboxItem.objects.filter(channel__in=[key for key in search.channels if key in INBOX_CHANNELS])
    if search.recipient:
        user_id = _as_id(search.recipient)
        # an inbox has no address of its own; it is found by its owner's
        owners = [user_id] if user_id else list(User.objects.with_email(search.recipient).values_list("id", flat=True))
        rows = rows.filter(user_id__in=owners)
    return rows.filter(_between(search))


def _between(search: Search) -> Q:
    bounds = Q()
    if search.since is not None:
        bounds &= Q(id__gt=search.since)
    if search.before is not None:
        bounds &= Q(id__lt=search.before)
    return bounds


def _as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


UNREADABLE: dict[str, Any] = {
    "recipient": "",
    "title": "cannot be opened: its key is gone",
    "text": "",
    "html": "",
    "headers": {},
    "data": {},
    "raw": "",
}


def _of_outbox(row: OutboxMessage) -> Shown:
    content = opened_or(lambda: row.content, UNREADABLE)
    return Shown(
        id=row.id,
        notification_id=row.notification_id,
        user_id=row.user_id,
        channel=ChannelKey(row.channel),
        recipient=content["recipient"],
        title=content["title"],
        text=content["text"],
        html=content["html"],
        headers=content["headers"],
        data=content["data"],
        raw=content["raw"],
        created_at=row.created_at,
    )


def _of_inbox(identifier: UUID, user_id: UUID, user: User | None) -> Shown:
    item = inbox_item(user_id, identifier)
    assert item is not None
    return Shown(
        id=item.id,
        notification_id=item.id,
        user_id=user_id,
        channel=ChannelKey(item.channel),
        recipient=(user.email or user.username if user else "") or str(user_id),
        title=item.title,
        text=item.body,
        data=item.data,
        created_at=item.created_at,
    )
