"""What the house lends to a provider that delivers inside it: the inbox, the live layer, the sandbox outbox.

Providers know no ORM, so those that end in our own tables reach them through these ports, wired in config.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec

from clarion.contract.message import Message


class InboxItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it stands in a person's inbox; `seq` grows by one for each item of that user, without gaps, and `rev`
    for each change of their inbox."""

    id: str
    user_id: str
    channel: str
    seq: int
    rev: int
    title: str
    body: str
    data: Mapping[str, object]
    priority: int
    category: str
    created_at: datetime
    group: str = ""

    def __repr__(self) -> str:
        return f"InboxItem({self.id}, {self.seq})"


class InboxPort(Protocol):
    def append(self, messages: Sequence[Message], channel: str) -> list[InboxItem]:
        """Store one item per message, durably and idempotently by notification id; returns them with their seq."""
        ...


class LivePort(Protocol):
    def publish(self, items: Sequence[InboxItem]) -> None:
        """Tell connected clients. A hint: raises Unreachable when the layer is down, and nothing is lost by it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """What a sandbox provider 'sent'. `raw` is the wire form (a mail's source, a webhook's request)."""

    message_id: str
    notification_id: str
    user_id: str
    channel: str
    recipient: str = field(repr=False)
    title: str = field(repr=False)
    text: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    data: Mapping[str, object] = field(default_factory=dict, repr=False)
    raw: str = field(default="", repr=False)


class OutboxPort(Protocol):
    def record(self, entries: Sequence[OutboxEntry]) -> None:
        """Keep the entries so that a person can look at them; idempotent by message id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The ports together, given to every provider factory; most vendors use none of them. `callback_url` is where this
    account's vendor is to report (`https://…/api/v1/hooks/twilio/<token>`); empty: nowhere."""

    inbox: InboxPort
    live: LivePort
    outbox: OutboxPort
    sender_email: str = "Clarion <no-reply@localhost>"
    allow_private_targets: bool = False
    callback_url: str = field(default="", repr=False)
