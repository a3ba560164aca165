"""What processes tell each other of, over one Redis channel: frames, ready to be sent, and whose they are."""

from collections.abc import Iterator, Sequence

import msgspec
from django.conf import settings

MOST_BYTES = 512 * 1024
_ENCODER = msgspec.msgpack.Encoder()


class Event(msgspec.Struct, frozen=True, array_like=True):
    """A frame for every socket of a user. `rev`: the revision of the user's inbox that it tells of; sockets are told
    these in their order. 0: it has no place in that order.

    With `room` it is for every socket in the room; `user` is empty then, so that processes of versions without rooms
    leave it alone. Without a frame it asks to look again who may be in the room, or (`of_user`) where a person may
    be."""

    user: str
    rev: int
    frame: str
    room: str = ""
    about: str = ""
    """Whose own sockets need not be told."""


_DECODER = msgspec.msgpack.Decoder(list[Event])


_OF_USER = "user "
"""No key of a room has a space."""


def of_user(user: str) -> str:
    """In place of a room: all rooms that the user is in."""
    return f"{_OF_USER}{user}"


def user_of(room: str) -> str:
    """The user that stands in place of a room; empty where it is a room."""
    return room.removeprefix(_OF_USER) if room.startswith(_OF_USER) else ""


def channel() -> str:
    """The Redis channel that every process with sockets listens on."""
    return f"{settings.LAYER_PREFIX}:live"


def packed(events: Sequence[Event]) -> Iterator[bytes]:
    """The events as messages of at most about MOST_BYTES."""
    batch: list[Event] = []
    size = 0
    for event in events:
        if batch and size + len(event.frame) > MOST_BYTES:
            yield _ENCODER.encode(batch)
            batch, size = [], 0
        batch.append(event)
        size += len(event.frame)
    if batch:
        yield _ENCODER.encode(batch)


def unpacked(message: bytes) -> list[Event]:
    """Raises msgspec.DecodeError for what we did not write (another version's, a stranger's)."""
    return _DECODER.decode(message)
