"""The API's answers as far as the commands read them; fields that are not named here are ignored."""

from uuid import UUID

import msgspec

WAITING = frozenset({"scheduled", "pending", "processing"})
ARRIVED = frozenset({"sent", "delivered", "read"})


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One notification of a send."""

    id: UUID
    channel: str
    status: str
    reason: str = ""


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a send."""

    id: UUID
    status: str
    notifications: list[Part] = []


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person in a list."""

    id: UUID


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """A page of people."""

    results: list[User]


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the inbox; its id is the notification's."""

    id: UUID


class Inbox(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the inbox."""

    results: list[InboxItem]


class OutboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a sandbox provider 'sent'."""

    notification_id: UUID
    recipient: str


class Outbox(msgspec.Struct, frozen=True, kw_only=True):
    """The newest entries of the sandbox outbox."""

    entries: list[OutboxEntry]
