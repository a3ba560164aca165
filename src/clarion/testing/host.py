"""The house's ports, in memory: what providers that deliver inside the house are tested with."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from clarion.contract.content import InboxContent
from clarion.contract.faults import Unreachable
from clarion.contract.host import Host, InboxItem, OutboxEntry
from clarion.contract.message import Message


@dataclass(slots=True, kw_only=True)
class MemoryInbox:
    """Idempotent by notification id, a sequence without gaps per user: as the real one."""

    items: dict[str, InboxItem] = field(default_factory=dict)
    appends: int = 0

    def append(self, messages: Sequence[Message], channel: str) -> list[InboxItem]:
        self.appends += 1
        return [self._put(message, channel) for message in messages]

    def _put(self, message: Message, channel: str) -> InboxItem:
        known = self.items.get(message.notification_id)
        if known is not None:
            return known
        content = message.content
        assert isinstance(content, InboxContent)
        item = InboxItem(
            id=message.notification_id,
            user_id=message.user_id,
            channel=channel,
            seq=(number := 1 + sum(other.user_id == message.user_id for other in self.items.values())),
            rev=number,
            title=content.title,
            body=content.body,
            data=content.data,
            priority=message.priority,
            category=message.category,
            created_at=message.created_at,
        )
        self.items[message.notification_id] = item
        return item


@dataclass(slots=True, kw_only=True)
class MemoryLive:
    """Keeps what was published; `is_down` makes it unreachable."""

    published: list[InboxItem] = field(default_factory=list)
    is_down: bool = False

    def publish(self, items: Sequence[InboxItem]) -> None:
        if self.is_down:
            raise Unreachable("the live layer is down")
        self.published.extend(items)


@dataclass(slots=True, kw_only=True)
class MemoryOutbox:
    """Idempotent by message id."""

    entries: dict[str, OutboxEntry] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def record(self, entries: Sequence[OutboxEntry]) -> None:
        for entry in entries:
            self.records[entry.message_id] += 1
            self.entries.setdefault(entry.message_id, entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryHost:
    """The three ports and the Host made of them."""

    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    live: MemoryLive = field(default_factory=MemoryLive)
    outbox: MemoryOutbox = field(default_factory=MemoryOutbox)

    def host(self, *, sender_email: str = "Clarion <no-reply@example.com>", allow_private: bool = True) -> Host:
        return Host(
            inbox=self.inbox,
            live=self.live,
            outbox=self.outbox,
            sender_email=sender_email,
            allow_private_targets=allow_private,
        )
