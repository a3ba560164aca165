"""Sending answers from the event loop, at the client's pace but not for ever. Not where they come from.

A client that reads nothing costs a buffer and a file descriptor here, never a thread, and is cut off after a while.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import IO

from clarion.surfaces.realtime.shapes import Event, Send

SLICE_BYTES = 64 * 1024
SLICE_SECONDS = 10.0
UNSENT_IN_KERNEL_BYTES = 2 * SLICE_BYTES


class Gone(Exception):
    """The client left, or read so slowly that it was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """The rest of an open file, read slice by slice while it is sent. Belongs to whoever holds it, to be closed."""

    descriptor: int
    offset: int
    length: int

    def piece(self, at: int) -> bytes:
        """At most a slice, from `at` on. Blocks for the page cache only, nearly always."""
        return os.pread(self.descriptor, min(SLICE_BYTES, self.length - at), self.offset + at)

    def close(self) -> None:
        """Once only."""
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is to be sent: the head unless it was sent before, and the body or the last part of it."""

    start: Event | None
    body: bytes | FilePart

    @property
    def held_bytes(self) -> int:
        """Memory it takes until sent; small answers do not count, since the server buffers as much anyway."""
        return len(self.body) if isinstance(self.body, bytes) and len(self.body) > SLICE_BYTES else 0

    def close(self) -> None:
        """Give the file back, if there is one."""
        if isinstance(self.body, FilePart):
            self.body.close()


class FileWrapper:
    """PEP 3333's `wsgi.file_wrapper`: an answer that is a file, as whitenoise's are."""

    def __init__(self, file: IO[bytes], block_size: int = SLICE_BYTES) -> None:
        self._file = file
        self._block_size = block_size
        self.close: Callable[[], object] = file.close  # Django puts its response's close there

    def __iter__(self) -> Iterator[bytes]:
        while block := self._file.read(self._block_size):
            yield block

    def detach(self) -> FilePart | None:
        """The file itself, independent of this one's close; None if it is none (a slice, a BytesIO)."""
        if not isinstance(self._file, BufferedReader):
            return None
        descriptor = os.dup(self._file.fileno())
        offset = self._file.tell()
        return FilePart(descriptor=descriptor, offset=offset, length=os.fstat(descriptor).st_size - offset)


async def transmit(answer: Answer, send: Send, *, more: bool = False) -> None:
    """Send it all; `more` if that was not the end. Raises Gone when a slice is not taken within SLICE_SECONDS."""
    transport = _transport(send)
    try:
        await _send_in_time(answer, send, transport, more)
    except TimeoutError as error:
        _cut(send)
        raise Gone from error
    except RuntimeError as error:  # uvloop's for writing to a closed connection
        if transport is None or not transport.is_closing():
            raise
        _cut(send)
        raise Gone from error
    if not more and transport is not None and (left := transport.get_write_buffer_size()):
        # The end of the answer lies in the server's buffer.
        asyncio.get_running_loop().call_later(SLICE_SECONDS, _look_again, transport, left)


async def _send_in_time(answer: Answer, send: Send, transport: asyncio.WriteTransport | None, more: bool) -> None:
    small = isinstance(answer.body, bytes) and len(answer.body) <= SLICE_BYTES
    if small and transport is not None and not transport.get_write_buffer_size():
        await _send_slices(answer, send, more, None)  # the server's buffer takes it: no timer, which would be dear
        return
    if not small:
        _bound_kernel_buffer(transport)
    async with asyncio.timeout(SLICE_SECONDS) as patience:
        await _send_slices(answer, send, more, patience)


async def _send_slices(answer: Answer, send: Send, more: bool, patience: asyncio.Timeout | None) -> None:
    body = answer.body
    length = len(body) if isinstance(body, bytes) else body.length
    if answer.start is not None:
        await send(answer.start)
    for at in range(0, max(length, 1), SLICE_BYTES):
        piece = body[at : at + SLICE_BYTES] if isinstance(body, bytes) else body.piece(at)
        follows = more or at + SLICE_BYTES < length
        await send({"type": "http.response.body", "body": piece, "more_body": follows})
        if follows:
            _require_open(send)
            if patience is not None:
                patience.reschedule(asyncio.get_running_loop().time() + SLICE_SECONDS)


def _transport(send: Send) -> asyncio.WriteTransport | None:
    """The connection beneath: ASGI has no word for ending it, so this knows uvicorn's request cycle. None under any
    other server, whose own time limits must do."""
    return getattr(getattr(send, "__self__", None), "transport", None)


def _bound_kernel_buffer(transport: asyncio.WriteTransport | None) -> None:
    """The kernel would take megabytes and then nothing for long, so that a slow client looked like a silent one."""
    raw = transport.get_extra_info("socket") if transport is not None else None
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux and macOS
    if raw is not None and option is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
        with contextlib.suppress(OSError):  # already closed
            raw.setsockopt(socket.IPPROTO_TCP, option, UNSENT_IN_KERNEL_BYTES)


def _require_open(send: Send) -> None:
    transport = _transport(send)
    if transport is not None and transport.is_closing():
        _cut(send)
        raise Gone


def _cut(send: Send) -> None:
    """Abort rather than close, which would wait for the client to take what is buffered."""
    transport = _transport(send)
    if transport is not None:
        # Uvicorn (0.54) tells only the last of pipelined requests, and would log the others as unfinished.
        with contextlib.suppress(AttributeError):
            send.__self__.disconnected = True  # type: ignore[attr-defined]
        transport.abort()


def _look_again(transport: asyncio.WriteTransport, before: int) -> None:
    """Cut the connection when what is buffered does not shrink."""
    left = transport.get_write_buffer_size()
    if left >= before:
        transport.abort()
    elif left:
        asyncio.get_running_loop().call_later(SLICE_SECONDS, _look_again, transport, left)
