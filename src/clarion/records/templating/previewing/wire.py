"""What the two processes say to each other: one job, one answer, each with its length before it."""

import pickle
import socket
import struct
from collections.abc import Mapping
from typing import Any

import msgspec

from clarion.contract.channel import ChannelKey

MOST_JOB = 8_000_000
MOST_ANSWER = 4_000_000
_LENGTH = struct.Struct("!I")


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One content to render. `context` is plain data (engine/plain.py), `locale` the content's own, empty for the
    default one, `language` the one it is written in."""

    channel: ChannelKey
    source: dict[str, str]
    theme: str
    context: dict[str, object]
    data: dict[str, object]
    locale: str
    language: str


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no content."""

    code: str
    message: str
    field: str = ""
    line: int = 0
    column: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a job."""

    fields: dict[str, str] = {}
    parts: dict[str, Any] = {}
    faults: list[Fault] = []
    undefined: list[str] = []
    peak_bytes: int = 0


class Broken(Exception):
    """The other side ended before it had said everything."""


def pack_job(job: Job) -> bytes:
    """The job, with its dates and decimals. Pickled, for JSON knows neither; the child trusts us, not we the child."""
    return pickle.dumps(msgspec.structs.asdict(job), protocol=5)


def unpack_job(packed: bytes) -> Job:
    """The job; only in the child."""
    values: Mapping[str, Any] = pickle.loads(packed)  # noqa: S301 - from our parent
    return Job(**values)


def pack_answer(answer: Answer) -> bytes:
    return msgspec.msgpack.encode(answer)


def unpack_answer(packed: bytes) -> Answer:
    """The answer, read by its types: whatever the child may have become, it can send nothing else."""
    return msgspec.msgpack.decode(packed, type=Answer)


def write(connection: socket.socket, packed: bytes) -> None:
    """Raises OSError when the other side is gone."""
    connection.sendall(_LENGTH.pack(len(packed)) + packed)


def read(connection: socket.socket, most: int) -> bytes:
    """Raises Broken when the other side ends early or says more than `most` bytes, TimeoutError after the socket's."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    if length > most:
        raise Broken
    return _exactly(connection, length)


def _exactly(connection: socket.socket, length: int) -> bytes:
    received = bytearray()
    while len(received) < length:
        piece = connection.recv(min(length - len(received), 65_536))
        if not piece:
            raise Broken
        received += piece
    return bytes(received)
