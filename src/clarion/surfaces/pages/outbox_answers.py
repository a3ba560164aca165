"""What the outbox page's program receives, as types."""

from typing import Any
from uuid import UUID

import msgspec

from clarion.channels.sms_segments import count_segments
from clarion.contract.channel import ChannelKey
from clarion.records.outbox.shown import Shown

PREVIEW_CHARACTERS = 140


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the list."""

    id: UUID
    notification_id: UUID
    user_id: UUID
    channel: str
    recipient: str
    title: str
    preview: str
    created_at: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The list, and how many there are in each channel; for those in `more`, at least so many."""

    entries: list[Summary]
    counts: dict[str, int]
    more: list[str]


class SmsSize(msgspec.Struct, frozen=True, kw_only=True):
    """How a text is billed."""

    segments: int
    encoding: str
    characters: int
    forced_by: str


class Detail(msgspec.Struct, frozen=True, kw_only=True):
    """One entry, whole. The HTML of an email is fetched by itself."""

    id: UUID
    notification_id: UUID
    user_id: UUID
    channel: str
    recipient: str
    title: str
    text: str
    has_html: bool
    headers: dict[str, str]
    data: dict[str, Any]
    raw: str
    created_at: str
    sms: SmsSize | None


def summary_of(entry: Shown) -> Summary:
    """The entry as a line."""
    return Summary(
        id=entry.id,
        notification_id=entry.notification_id,
        user_id=entry.user_id,
        channel=entry.channel,
        recipient=entry.recipient,
        title=entry.title,
        preview=" ".join(entry.text[: 4 * PREVIEW_CHARACTERS].split())[:PREVIEW_CHARACTERS],
        created_at=entry.created_at.isoformat(),
    )


def detail_of(entry: Shown) -> Detail:
    """The entry, whole."""
    return Detail(
        id=entry.id,
        notification_id=entry.notification_id,
        user_id=entry.user_id,
        channel=entry.channel,
        recipient=entry.recipient,
        title=entry.title,
        text=entry.text,
        has_html=bool(entry.html),
        headers=dict(entry.headers),
        data=dict(entry.data),
        raw=entry.raw,
        created_at=entry.created_at.isoformat(),
        sms=_sms(entry.text) if entry.channel is ChannelKey.SMS else None,
    )


def _sms(text: str) -> SmsSize:
    counted = count_segments(text)
    return SmsSize(
        segments=counted.segments,
        encoding=counted.encoding,
        characters=counted.characters,
        forced_by=counted.forced_by,
    )
