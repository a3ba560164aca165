"""The frames of `/ws/notifications/`: what a client may say, what it is told. Shapes only, nothing is done here."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec

from clarion.records.inbox.reading import Item

LARGEST_FRAME_BYTES = 64 * 1024
Text = Annotated[str, msgspec.Meta(max_length=255)]


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Answered by `pong`."""


class MarkRead(msgspec.Struct, frozen=True, tag="mark_read"):
    notification_id: UUID


class MarkAllRead(msgspec.Struct, frozen=True, tag="mark_all_read"):
    """Every unread item."""


class CatchUp(msgspec.Struct, frozen=True, tag="catch_up"):
    """Every item with a greater sequence number."""

    since: Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class JoinRoom(msgspec.Struct, frozen=True, tag="join_room"):
    room: Text


class LeaveRoom(msgspec.Struct, frozen=True, tag="leave_room"):
    room: Text


ClientFrame = Ping | MarkRead | MarkAllRead | CatchUp | JoinRoom | LeaveRoom
_TYPES = frozenset({"ping", "mark_read", "mark_all_read", "catch_up", "join_room", "leave_room"})
_DECODER: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_ENCODER = msgspec.json.Encoder()


class BadFrame(Exception):
    """The client's frame cannot be understood; `code` and text go back to it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def parse_frame(text: bytes) -> ClientFrame:
    """Raises BadFrame: `bad_json`, `unknown_type` or `invalid_frame`."""
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError as error:
        # msgspec names the path and the expected type, never the value that was given
        raise BadFrame(*_what_is_wrong(text, str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadFrame("bad_json", "a frame is a JSON object with a type") from error


def _what_is_wrong(text: bytes, error: str) -> tuple[str, str]:
    raw = msgspec.json.decode(text)
    if isinstance(raw, dict) and raw.get("type") not in _TYPES:
        return "unknown_type", f"type is one of {', '.join(sorted(_TYPES))}"
    return "invalid_frame", error


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One inbox item as a client sees it."""

    id: str
    seq: int
    channel: str
    category: str
    priority: int
    title: str
    body: str
    data: dict[str, Any] | None
    created_at: str
    read: bool
    dismissed: bool = False


def note_of(item: Item) -> Note:
    """A stored item."""
    return Note(
        id=str(item.id),
        seq=item.seq,
        channel=item.channel,
        category=item.category,
        priority=item.priority,
        title=item.title,
        body=item.body,
        data=item.data,
        created_at=item.created_at.isoformat(),
        read=item.read_at is not None,
        dismissed=item.dismissed_at is not None,
    )


def note_of_event(item: Mapping[str, Any]) -> Note:
    """An item as `records.inbox.live` publishes it."""
    return msgspec.convert(item, Note)


def notification(note: Note) -> str:
    """An item."""
    return _frame("notification", note)


def unread(count: int) -> str:
    """How many items are unread."""
    return _frame("unread", {"count": count})


def caught_up(seq: int) -> str:
    """The end of the answer to `catch_up`; `seq` is what to ask from next time."""
    return _frame("caught_up", {"seq": seq})


def pong() -> str:
    """The answer to `ping`."""
    return _frame("pong", {})


def error(code: str, message: str) -> str:
    """What went wrong with a client's frame."""
    return _frame("error", {"code": code, "message": message})


def _frame(kind: str, data: object) -> str:
    return _ENCODER.encode({"type": kind, "data": data}).decode()
