"""One connection's wire: bytes in, replies out, a deadline on each. What the replies mean is not known here."""

import asyncio
import re
import ssl
from collections import deque
from dataclasses import dataclass, field
from typing import cast

_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?:\s|$)")
_MOST_REPLY_BYTES = 65_536
_MOST_REPLIES = 100  # unasked for; a pipelined envelope waits for three


class ConnectionLost(Exception):
    """The connection ended, was reset, or the server spoke no SMTP."""


class ReplyTimeout(Exception):
    """The reply did not come in time; the connection has been dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A whole reply. The lines may hold addresses: never stored, never logged."""

    code: int
    lines: tuple[str, ...] = field(repr=False)

    @property
    def enhanced(self) -> str:
        """The RFC 3463 code, such as 5.1.1, or nothing."""
        found = _ENHANCED.match(self.lines[0])
        return f"{found[1]}.{found[2]}.{found[3]}" if found else ""

    @property
    def shown(self) -> str:
        """Both codes, and nothing of the text."""
        return f"{self.code} {self.enhanced}".strip()


class Connection(asyncio.Protocol):
    """An SMTP connection. `reply` waits for the next one, in order; replies that came before a loss still count."""

    def __init__(self, *, timeout: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[Reply] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._failure: Exception | None = None
        self.features: dict[str, str] = {}
        self.messages = 0
        self.idle_timer: asyncio.TimerHandle | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by behaviour, not by class

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionLost("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        if self._buffer:
            data = self._buffer + data
        *lines, self._buffer = data.split(b"\n")
        if len(self._buffer) + sum(map(len, self._lines)) > _MOST_REPLY_BYTES:
            self._fail(ConnectionLost("the server's reply never ends"))
            return
        for line in lines:
            if not self._take_line(line.rstrip(b"\r")):
                self._fail(ConnectionLost("the server does not speak SMTP"))
                return

    def _take_line(self, line: bytes) -> bool:
        if len(line) < 3 or not line[:3].isdigit() or line[3:4] not in (b"", b" ", b"-"):
            return False
        self._lines.append(line[4:].decode("utf-8", "replace"))
        if line[3:4] != b"-":
            reply = Reply(code=int(line[:3]), lines=tuple(self._lines))
            self._lines = []
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(reply)
                self._waiter = None
            else:
                self._replies.append(reply)
        return len(self._replies) <= _MOST_REPLIES

    # for the house

    @property
    def is_usable(self) -> bool:
        """Whether it is open, and silent as a connection between two messages must be."""
        closing = self._transport is None or self._transport.is_closing()
        return not closing and self._failure is None and not self._replies and not self._buffer

    @property
    def is_lost(self) -> bool:
        return self._failure is not None

    def write(self, data: bytes) -> None:
        if self._failure is not None:
            raise self._failure
        assert self._transport is not None
        self._transport.write(data)

    async def reply(self, *, extra_seconds: float = 0.0) -> Reply:
        """The next reply. Raises ConnectionLost, or ReplyTimeout when it is not whole within the timeout."""
        if self._replies:
            return self._replies.popleft()
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        self._deadline = self._loop.time() + self._timeout + extra_seconds
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout + extra_seconds, self._check_deadline)
        return await self._waiter

    async def ask(self, command: str) -> Reply:
        """Write one command, wait for its reply."""
        self.write(command.encode("utf-8") + b"\r\n")
        return await self.reply()

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Put TLS under the connection. What came in the clear behind the 220 is an injection, and ends it."""
        if not self.is_usable:
            self._fail(ConnectionLost("the server spoke before TLS was agreed"))
            raise ConnectionLost("the server spoke before TLS was agreed")
        assert self._transport is not None
        transport = await self._loop.start_tls(
            self._transport,
            self,
            context,
            server_hostname=host,
            ssl_handshake_timeout=self._timeout,
        )
        if transport is None:
            raise ConnectionLost("the server closed the connection")
        self._transport = transport
        self.features = {}

    @property
    def is_encrypted(self) -> bool:
        return self._transport is not None and self._transport.get_extra_info("ssl_object") is not None

    def local_address(self) -> str:
        """This end's address, for a greeting without a name."""
        assert self._transport is not None
        name = self._transport.get_extra_info("sockname")
        return str(name[0]) if name else "127.0.0.1"

    def abort(self) -> None:
        """Drop the connection at once."""
        self._fail(ConnectionLost("the connection was dropped"))

    def quit(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._failure is None and self._transport is not None:
            self._transport.write(b"QUIT\r\n")
            self._stop_timers()
            self._failure = ConnectionLost("the connection was closed")
            self._transport.close()

    def _check_deadline(self) -> None:
        # One timer a connection, moved on when it fires, instead of one for each of many short waits.
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        left = self._deadline - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_deadline)
        else:
            self._fail(ReplyTimeout("the server did not reply in time"))

    def _fail(self, failure: Exception) -> None:
        self._stop_timers()
        if self._failure is None:
            self._failure = failure
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._failure)
        self._waiter = None

    def _stop_timers(self) -> None:
        for timer in (self._timer, self.idle_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self.idle_timer = None
