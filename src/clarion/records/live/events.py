"""What processes tell each other of, over one Redis channel: frames, ready to be sent, and whose they are."""

from collections.abc import Iterator, Sequence

import msgspec
from django.conf import settings

MOST_BYTES = 512 * 1024
_ENCODER = msgspec.msgpack.Encoder()


class Event(msgspec.Struct, frozen=True, array_like=True):
    """A frame for every socket of a user. `rev`: the revision of the user's inbox that it tells of; sockets are told
    these in their order. 0: it has no place in that order."""

    user: str
    rev: int
    frame: str


_DECODER = msgspec.msgpack.Decoder(list[Event])


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
