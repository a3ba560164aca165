"""The API's answers as far as the commands read them; fields that are not named here are ignored."""

from datetime import datetime
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


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, in words."""

    at: datetime
    stage: str
    rule: str
    says: str


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt."""

    number: int
    target: str
    account: str
    outcome: str
    detail: str
    finished_at: datetime


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """A notification with what was decided about it, and its attempts."""

    notification: Part
    says: str
    steps: list[Step]
    attempts: list[Try] = []


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A person's day."""

    results: list[Explained]
    timezone: str
    next: str | None = None


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """A rule of the gate, and what it looked at."""

    rule: str
    outcome: str
    inputs: dict[str, object] = {}


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of one channel, rule by rule."""

    channel: str
    status: str
    says: str
    ladder: list[Rung] = []


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What a send would come to."""

    results: list[Foreseen]


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
