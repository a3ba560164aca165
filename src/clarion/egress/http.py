"""HTTP to the outside: aiohttp with a guard on every connection, one total deadline, a cap on the answer.

No redirects, no proxies from the environment, no cookies, no decompression (so no gzip bomb), TLS verified. One
client keeps one session: it belongs to the egress loop, hold it in a `loop.PerLoop`. Retries are not made here.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from clarion.egress.errors import Blocked, Broken, ConnectFailed, EgressError, TimedOut
from clarion.egress.guard import BlockedAddress, Guard

USER_AGENT = "Clarion/1"


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


class _Trace:
    """How far one request got; a request may have been seen once it holds a connection."""

    __slots__ = ("sent",)

    def __init__(self) -> None:
        self.sent = False


async def _mark_sent(_session: object, context: object, _params: object) -> None:
    context.trace_request_ctx.sent = True  # type: ignore[attr-defined]


def _tracing() -> aiohttp.TraceConfig:
    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(_mark_sent)
    tracing.on_connection_reuseconn.append(_mark_sent)
    return tracing


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
        connector = aiohttp.TCPConnector(
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
            trace_configs=[_tracing()],
        )

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
        check_url(url)
        if any(char in value for value in (headers or {}).values() for char in "\r\n\0"):
            raise Blocked("a header has a line break")
        trace = _Trace()
        answer: _Answer = _Answer()
        try:
            async with asyncio.timeout(total or self._limits.total):
                await self._exchange(method, url, body, headers, trace, answer)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if answer.status:
                return answer.as_response(truncated=True)
            raise _translate(error, trace.sent) from None
        return answer.as_response(truncated=answer.cut)

    async def _exchange(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        trace: _Trace,
        answer: "_Answer",
    ) -> None:
        cap = self._limits.body_bytes
        async with self._session.request(
            method, url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=trace
        ) as response:
            answer.status, answer.headers = response.status, response.headers
            async for chunk in response.content.iter_any():
                answer.body += chunk
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


def check_url(url: str) -> None:
    """Raise Blocked unless this is a plain http(s) URL: a host, no userinfo, no blanks or control characters."""
    try:
        parts = urlsplit(url)
        proper = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        proper, parts = False, urlsplit("")
    if not proper or "@" in parts.netloc or "\\" in url or any(ord(char) <= 32 or ord(char) == 127 for char in url):
        raise Blocked("the URL must be http or https with a host, and without a user name")


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
