"""HTTP to the outside: aiohttp with a guard on every connection, one total deadline, a cap on the answer.

No redirects, no proxies from the environment, no cookies, no decompression (so no gzip bomb), TLS verified. One
client keeps one session: it belongs to the egress loop, hold it in a `loop.PerLoop`. Retries are not made here.
"""

import asyncio
import re
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from clarion.egress.errors import Blocked, Broken, ConnectFailed, EgressError, TimedOut
from clarion.egress.guard import BlockedAddress, Guard

if TYPE_CHECKING:
    from aiohttp import ClientRequest, ClientTimeout
    from aiohttp.connector import Connection
    from aiohttp.tracing import Trace

USER_AGENT = "Clarion/1"
_REMEMBERED_URLS = 4_096
_NOT_IN_A_URL = re.compile(r"[\x00-\x20\x7f\\]")
_NOT_IN_A_HEADER = re.compile(r"[\r\n\0]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`total` and `connect` in seconds, the total counts from the call to the end of the answer's body;
    `body_bytes` is how much of an answer is read; `connections` how many are open at once, idle ones included."""

    total: float = 15.0
    connect: float = 5.0
    body_bytes: int = 65_536
    connections: int = 64
    idle: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer. `truncated`: the body was longer than the cap, or broke off after the status had come."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    truncated: bool = False


class _Progress:
    """How far one request got; a request may have been seen once it holds a connection."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = False


_progress: ContextVar[_Progress] = ContextVar("clarion_egress_progress")


class _Connector(aiohttp.TCPConnector):
    """Notes when a request gets its connection. aiohttp's own tracing would tell, at a tenth of a call's cost."""

    async def connect(self, req: "ClientRequest", traces: "list[Trace]", timeout: "ClientTimeout") -> "Connection":
        connection = await super().connect(req, traces, timeout)
        _progress.get().sent = True
        return connection


class _Deadline:
    """asyncio.timeout for a loop that is known: half of what that costs is asking which loop runs."""

    __slots__ = ("_cancelling", "_expired", "_handle", "_task")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        task = asyncio.current_task(loop)
        if task is None:
            raise RuntimeError("a call is made from a task of the egress loop")
        self._task = task
        self._cancelling = task.cancelling()
        self._expired = False
        self._handle = loop.call_later(seconds, self._expire)

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        """Raises TimeoutError when the deadline passed, and nobody else cancelled the task."""
        self._handle.cancel()
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError


class HttpClient:
    """A session with its limits. Make it on the egress loop; `close` it there."""

    def __init__(
        self,
        *,
        guard: Guard,
        limits: Limits | None = None,
        user_agent: str = USER_AGENT,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._guard = guard
        self._loop = asyncio.get_running_loop()
        connector = _Connector(
            limit=self._limits.connections,
            keepalive_timeout=self._limits.idle,
            resolver=resolver,
            ssl=tls or True,
            socket_factory=guard.open_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._limits.connect),
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
        )
        # a GET or PUT whose kept connection drops would be sent again, and an SMS with it; aiohttp has no option for it
        self._session._retry_connection = False

    async def post(
        self, url: str, *, body: bytes, headers: Mapping[str, str] | None = None, total: float | None = None
    ) -> Response:
        """POST and read the answer. Raises Blocked, ConnectFailed, TimedOut or Broken."""
        return await self.request("POST", url, body=body, headers=headers, total=total)

    async def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        total: float | None = None,
    ) -> Response:
        """Any method; `total` overrides the deadline in seconds. Raises as `post` does."""
        where = checked_url(url)
        if headers and _NOT_IN_A_HEADER.search("".join(headers.values())):
            raise Blocked("a header has a line break")
        progress = _Progress()
        _progress.set(progress)
        answer = _Answer()
        try:
            with _Deadline(self._loop, total or self._limits.total):
                await self._exchange(method, where, body, headers, answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if answer.status:
                return answer.as_response(truncated=True)
            raise _translate(error, progress.sent) from None
        return answer.as_response(truncated=answer.cut)

    async def _exchange(
        self, method: str, url: URL, body: bytes | None, headers: Mapping[str, str] | None, answer: "_Answer"
    ) -> None:
        cap = self._limits.body_bytes
        async with self._session.request(method, url, data=body, headers=headers, allow_redirects=False) as response:
            answer.status, answer.headers = response.status, response.headers
            content = response.content
            while not content.at_eof():
                answer.body += content.read_nowait() if content.is_eof() else await content.readany()
                if len(answer.body) > cap:
                    del answer.body[cap:]
                    answer.cut = True
                    response.close()
                    return

    async def close(self) -> None:
        await self._session.close()


class _Answer:
    """What has come so far; the status counts even when the body never ends."""

    __slots__ = ("body", "cut", "headers", "status")

    def __init__(self) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.body = bytearray()
        self.cut = False

    def as_response(self, *, truncated: bool) -> Response:
        return Response(status=self.status, headers=self.headers, body=bytes(self.body), truncated=truncated)


@lru_cache(maxsize=_REMEMBERED_URLS)
def checked_url(url: str) -> URL:
    """The URL, parsed. Raises Blocked unless it is a plain http(s) one: a host, no userinfo, no blanks or control
    characters. Endpoints come again and again, so what was found is remembered."""
    try:
        parts = urlsplit(url)
        proper = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        parsed = URL(url)
    except ValueError:
        proper = False
    if not proper or "@" in parts.netloc or _NOT_IN_A_URL.search(url):
        raise Blocked("the URL must be http or https with a host, and without a user name")
    return parsed


def _translate(error: Exception, sent: bool) -> EgressError:
    """aiohttp's exceptions into ours."""
    cause = getattr(error, "os_error", None)
    if isinstance(error, BlockedAddress) or isinstance(cause, BlockedAddress):
        return Blocked("the target's address is private or reserved")
    if isinstance(error, aiohttp.InvalidURL):
        return Blocked("the URL is not valid")
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return ConnectFailed("the server's certificate could not be verified")
    if isinstance(error, TimeoutError):
        return TimedOut("no answer in time", sent=sent)
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectFailed("no connection to the server")
    if isinstance(error, ValueError) and not sent:
        return Blocked("the request is not valid HTTP")  # a host no name can have, a header with a line break
    return Broken("the connection broke", sent=sent)
