"""HTTP/2 to one origin: few connections, many requests at once, under the same guard, deadline and cap as `http`.

`https://` asks for h2 by ALPN and verifies the certificate; `http://` speaks HTTP/2 at once (prior knowledge), for
stand-ins on loopback. What the server says it did not take (GOAWAY, REFUSED_STREAM) goes again over a new connection.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

from hpack import HeaderTuple, NeverIndexedHeaderTuple

from clarion.egress.errors import Blocked, Broken, ConnectFailed, EgressError, TimedOut
from clarion.egress.guard import BlockedAddress, Guard
from clarion.egress.http import USER_AGENT, Limits, Response, checked_url
from clarion.egress.http2_exchange import NotTaken
from clarion.egress.http2_wire import Wire

TRIES = 3
Header = tuple[bytes, bytes]
_USER_AGENT = HeaderTuple(b"user-agent", USER_AGENT.encode())
_NOT_IN_A_HEADER = re.compile(rb"[\r\n\0]")


class Http2Client:
    """Connections to `origin` (`https://api.push.apple.com`), `limits.connections` at most. Make it on the egress loop;
    `close` it there."""

    def __init__(
        self, origin: str, *, guard: Guard, limits: Limits | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        checked_url(origin)
        parts = urlsplit(origin)
        self._host = parts.hostname or ""
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._guard = guard
        self._limits = limits or Limits(connections=1)
        self._tls = (tls or _context()) if self._secure else None
        self._wires: list[Wire] = []
        self._opening: asyncio.Task[None] | None = None
        self._waiting: dict[asyncio.Future[None], None] = {}  # in the order in which they came
        self._first = (
            HeaderTuple(b":method", b"POST"),
            HeaderTuple(b":scheme", parts.scheme.encode()),
            HeaderTuple(b":authority", parts.netloc.encode()),
        )

    async def post(
        self, path: str, *, body: bytes, fixed: Sequence[Header] = (), varied: Sequence[Header] = ()
    ) -> Response:
        """POST and read the answer. Header names are in lower case; both sides remember the `fixed` ones, not the
        `varied` ones, which would push the others out. Raises Blocked, ConnectFailed, TimedOut or Broken."""
        headers = self._headers(path, fixed, varied)
        wire: Wire | None = None
        try:
            async with asyncio.timeout(self._limits.total):
                for _ in range(TRIES):
                    wire = None
                    wire = await self._wire()
                    try:
                        return await wire.exchange(headers, body)
                    except NotTaken:
                        continue
        except TimeoutError:
            if wire is not None:
                wire.check()  # a connection that has died in silence must not swallow the next ones too
            raise TimedOut("no answer in time", sent=wire is not None) from None
        raise Broken("the server does not take requests at the moment", sent=False)

    def _headers(self, path: str, fixed: Sequence[Header], varied: Sequence[Header]) -> list[HeaderTuple]:
        if any(_NOT_IN_A_HEADER.search(value) for _, value in (*fixed, *varied)):
            raise Blocked("a header has a line break")
        return [
            *self._first,
            NeverIndexedHeaderTuple(b":path", path.encode("ascii")),
            _USER_AGENT,
            *(HeaderTuple(name, value) for name, value in fixed),
            *(NeverIndexedHeaderTuple(name, value) for name, value in varied),
        ]

    async def close(self) -> None:
        """Hang up everywhere."""
        if self._opening is not None:
            self._opening.cancel()
        for wire in self._wires:
            wire.close()
        self._wires.clear()

    async def _wire(self) -> Wire:
        """A connection with room for one more, opened or waited for."""
        while True:
            wire = next((wire for wire in self._wires if wire.has_room), None)
            if wire is not None:
                return wire
            if len(self._wires) < self._limits.connections:
                if self._opening is None:
                    self._opening = asyncio.get_running_loop().create_task(self._open())
                # shielded: one of those who wait may go away, and the others still need it
                await asyncio.shield(self._opening)
            else:
                await self._room()

    async def _room(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._changed()  # it was our turn, and we go away: the next one's, then
            raise
        finally:
            self._waiting.pop(turn, None)

    def _changed(self) -> None:
        """A place became free, or a connection is of no use any more: whoever waits looks again."""
        self._wires = [wire for wire in self._wires if wire.is_open]
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
                return

    async def _open(self) -> None:
        try:
            async with asyncio.timeout(self._limits.connect):
                wire = await self._connect()
                try:
                    await wire.ready
                except BaseException:
                    wire.close()  # nobody else knows of it
                    raise
            self._wires.append(wire)
        except Blocked:
            raise
        except EgressError as error:
            raise ConnectFailed(f"no connection to the server: {error}") from None
        except TimeoutError:
            raise ConnectFailed("no connection to the server in time") from None
        finally:
            self._opening = None
            for turn in self._waiting:
                if not turn.done():
                    turn.set_result(None)

    async def _connect(self) -> Wire:
        loop = asyncio.get_running_loop()
        error: Exception = ConnectFailed("its name is not known")
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError:
            raise ConnectFailed("its name is not known") from None
        for info in found:
            try:
                return await self._connect_to(info)
            except BlockedAddress:
                error = Blocked("the target's address is private or reserved")
            except ssl.SSLCertVerificationError:
                error = ConnectFailed("its certificate could not be verified")
            except (OSError, ssl.SSLError):
                error = ConnectFailed("it does not answer")
        raise error

    async def _connect_to(self, info: tuple[int, int, int, str, tuple[object, ...]]) -> Wire:
        loop = asyncio.get_running_loop()
        connection = self._guard.open_socket(info)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(connection, info[4])
            transport, wire = await loop.create_connection(
                lambda: Wire(self._changed, cap=self._limits.body_bytes),
                sock=connection,
                ssl=self._tls,
                server_hostname=self._host if self._tls else None,
            )
        except BaseException:
            connection.close()
            raise
        secured = transport.get_extra_info("ssl_object")
        if self._tls is not None and (secured is None or secured.selected_alpn_protocol() != "h2"):
            transport.abort()
            raise ConnectFailed("it does not speak HTTP/2")
        return wire


def _context() -> ssl.SSLContext:
    return with_h2(ssl.create_default_context())


def with_h2(context: ssl.SSLContext) -> ssl.SSLContext:
    """The same TLS settings, asking for HTTP/2 (RFC 9113, 9.2: TLS 1.2 at least)."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    return context
