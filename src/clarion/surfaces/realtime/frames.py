"""The frames of `/ws/notifications/`: what a client may say, and what answers it. What it is told of others' doing is
records/live/frames.py's. Shapes only, nothing is done here."""

from typing import Annotated
from uuid import UUID

import msgspec

from clarion.records.live.frames import frame

LARGEST_FRAME_BYTES = 64 * 1024
Text = Annotated[str, msgspec.Meta(max_length=255)]


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Answered by `pong`."""


class MarkRead(msgspec.Struct, frozen=True, tag="mark_read"):
    notification_id: UUID


class MarkAllRead(msgspec.Struct, frozen=True, tag="mark_all_read"):
    """Every unread item."""


class CatchUp(msgspec.Struct, frozen=True, tag="catch_up"):
    """Every item with a greater sequence number; with `rev`, what changed after that revision instead."""

    since: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] = 0
    rev: Annotated[int, msgspec.Meta(ge=0, lt=2**62)] | None = None


class JoinRoom(msgspec.Struct, frozen=True, tag="join_room"):
    room: Text


class LeaveRoom(msgspec.Struct, frozen=True, tag="leave_room"):
    room: Text


ClientFrame = Ping | MarkRead | MarkAllRead | CatchUp | JoinRoom | LeaveRoom
_TYPES = frozenset({"ping", "mark_read", "mark_all_read", "catch_up", "join_room", "leave_room"})
_DECODER: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)


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


def caught_up(seq: int, rev: int) -> str:
    """The end of the answer to `catch_up`: what to ask from next time."""
    return frame("caught_up", {"seq": seq, "rev": rev})


def room_left(room: str, reason: str) -> str:
    """The socket is in the room no more: it left (`left`), or may not be there (`removed`)."""
    return frame("room_left", {"room": room, "reason": reason})


def pong() -> str:
    """The answer to `ping`."""
    return frame("pong", {})


def error(code: str, message: str) -> str:
    """What went wrong with a client's frame."""
    return frame("error", {"code": code, "message": message})
