"""Keeping and finding what sandbox providers 'sent'. Bounded: the oldest go when there are too many."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.host import OutboxEntry
from clarion.records.outbox.models import OutboxMessage
from clarion.records.personal.ring import ring

KEEP = 5_000


def _kind(channel: str) -> str:
    return f"outbox {channel}"


class OutboxStore:
    """The OutboxPort over our table."""

    def record(self, entries: Sequence[OutboxEntry]) -> None:
        """Keep the entries; one that is known by its message id is kept once."""
        OutboxMessage.objects.bulk_create([_row(entry) for entry in entries], ignore_conflicts=True)


def _row(entry: OutboxEntry) -> OutboxMessage:
    row = OutboxMessage(
        message_id=entry.message_id,
        notification_id=UUID(entry.notification_id),
        user_id=UUID(entry.user_id),
        channel=entry.channel,
        recipient_hash=ring().lookup_hash(_kind(entry.channel), entry.recipient.casefold()),
    )
    row.content = {
        "recipient": entry.recipient,
        "title": entry.title,
        "text": entry.text,
        "html": entry.html,
        "headers": dict(entry.headers),
        "data": dict(entry.data),
        "raw": entry.raw,
    }
    return row


def find(*, channel: str = "", recipient: str = "", limit: int = 50) -> list[OutboxMessage]:
    """Newest first, of one channel or of all, to one recipient (the whole address) or to anybody."""
    rows: Any = OutboxMessage.objects.order_by("-id")
    if channel:
        rows = rows.filter(channel=channel)
    if recipient:
        rows = rows.filter(recipient_hash__in=recipient_hashes(recipient))
    return list(rows[:limit])


def recipient_hashes(recipient: str) -> list[bytes]:
    """What `recipient_hash` may hold for a whole address, whatever its channel and key."""
    address = recipient.strip().casefold()
    return [digest for key in ChannelKey for digest in ring().lookup_hashes(_kind(key), address)]


def trim() -> int:
    """Drop all but the newest KEEP; returns how many went."""
    last = OutboxMessage.objects.order_by("-id").values_list("id", flat=True)[KEEP : KEEP + 1]
    oldest_kept = next(iter(last), None)
    if oldest_kept is None:
        return 0
    return OutboxMessage.objects.filter(id__lte=oldest_kept).delete()[0]
