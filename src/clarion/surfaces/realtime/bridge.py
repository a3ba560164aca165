"""Runs the Django WSGI application inside an ASGI server, so that HTTP and WebSocket share one port.

Django's own ASGI handler costs half the throughput (docs/decisions/0002-one-port.md), and the views are synchronous
anyway. Each request runs in one thread of a fixed pool from start to `close()`, so Django's thread-bound database
connections persist from request to request as they do under a WSGI server. No routing and no WebSocket code here.
"""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any
from wsgiref.types import WSGIApplication

# The shapes of the ASGI specification (https://asgi.readthedocs.io/en/latest/specs/www.html), as servers give them.
Event = MutableMapping[str, Any]
Scope = Event
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

IN_MEMORY_BYTES = 1024 * 1024
LARGEST_BODY_BYTES = 64 * 1024 * 1024

# How `clarion web --threads` tells the server's processes; not a setting, hence not among the CLARION_ names.
THREADS_VARIABLE = "_CLARION_WEB_THREADS"
THREADS = 8


def one_port(http: WSGIApplication, websocket: Application) -> Application:
    """The ASGI application that serves both: WebSocket as it is, HTTP through the bridge."""
    bridge = WsgiBridge(http, threads=int(os.environ.get(THREADS_VARIABLE, THREADS)))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        await (bridge if scope["type"] == "http" else websocket)(scope, receive, send)

    return application


class WsgiBridge:
    """An ASGI application for `http` scopes only."""

    def __init__(self, application: WSGIApplication, *, threads: int) -> None:
        """`threads` is the number of requests, and so of database connections, at one time."""
        self._work: SimpleQueue[_Exchange] = SimpleQueue()
        for number in range(threads):
            name = f"http-{number}"
            Thread(target=_run_exchanges, args=(self._work, application), name=name, daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _read_body(receive)
        if body is None:
            return
        with body:
            if body.tell() > LARGEST_BODY_BYTES:
                await _send_too_large(send)
                return
            exchange = _Exchange(build_environ(scope, body), send)
            self._work.put(exchange)
            for event in await exchange.answer:
                await send(event)


def _run_exchanges(work: "SimpleQueue[_Exchange]", application: WSGIApplication) -> None:
    """A pool thread's life. A ThreadPoolExecutor does the same at twice the cost a request."""
    while True:
        exchange = work.get()
        try:
            events = exchange.run(application)
        except BaseException as error:  # noqa: BLE001 -- a door: the server answers 500 and logs it
            exchange.settle(error)
        else:
            exchange.settle(events)


class _Exchange:
    """One request: made and awaited on the event loop, run in a pool thread."""

    def __init__(self, environ: dict[str, Any], send: Send) -> None:
        """Belongs to the running event loop."""
        self._environ = environ
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._start: Event | None = None
        self.answer: asyncio.Future[list[Event]] = self._loop.create_future()

    def run(self, application: WSGIApplication) -> list[Event]:
        """The events still to be sent: all of them for an ordinary response, the last one for a streamed one.

        A hop to the event loop costs more than the rest of the bridge, hence one for the whole ordinary response.
        """
        chunks = application(self._environ, self._start_response)
        held = b""
        try:
            for number, chunk in enumerate(chunks):
                if number:
                    self._stream(held)
                held = chunk
        finally:
            # Fires Django's request_finished, which must see the thread that holds the connection.
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        last: Event = {"type": "http.response.body", "body": held, "more_body": False}
        return [self._start, last] if self._start is not None else [last]

    def settle(self, result: list[Event] | BaseException) -> None:
        """Wake the event loop, unless it has ended in the meantime."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: list[Event] | BaseException) -> None:
        if self.answer.done():  # cancelled: the server is going down
            return
        if isinstance(result, BaseException):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)

    def _send_now(self, event: Event) -> None:
        """Hand an event to the server from the pool thread, and wait until it is taken: that is the back-pressure."""
        asyncio.run_coroutine_threadsafe(_as_coroutine(self._send, event), self._loop).result()

    def _stream(self, chunk: bytes) -> None:
        if self._start is not None:
            self._send_now(self._start)
            self._start = None
        if chunk:
            self._send_now({"type": "http.response.body", "body": chunk, "more_body": True})

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self._start = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        return self._stream


async def _as_coroutine(send: Send, event: Event) -> None:
    await send(event)


async def _read_body(receive: Receive) -> IO[bytes] | None:
    """The whole body, read up to just over the limit, standing at its end; None if the client left."""
    event = await receive()
    if not event.get("more_body"):  # nearly always; a temporary file is dear
        body: IO[bytes] = BytesIO()
        body.write(event.get("body", b""))
        return body if event["type"] == "http.request" else None
    body = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 -- the caller closes it
    while event["type"] == "http.request":
        body.write(event.get("body", b""))
        if not event.get("more_body") or body.tell() > LARGEST_BODY_BYTES:
            return body
        event = await receive()
    body.close()
    return None


def build_environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """The WSGI (PEP 3333) environment of an ASGI request; `body` stands at its end."""
    length = body.tell()
    body.seek(0)
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", "").encode("utf-8").decode("latin-1"),
        "PATH_INFO": scope["path"].encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 80),
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    _add_headers(environ, scope["headers"])
    environ["CONTENT_LENGTH"] = str(length)  # of what was read; a chunked request has none of its own
    return environ


def _add_headers(environ: dict[str, Any], headers: Iterable[tuple[bytes, bytes]]) -> None:
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:
            continue  # `x_real_ip` would pass for `x-real-ip`, which a proxy vouches for
        key = name.upper().replace("-", "_")
        if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        # Cookies are joined by "; ", all other repeated headers by "," (RFC 9110 5.3, RFC 9113 8.2.3).
        environ[key] = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}" if key in environ else value


async def _send_too_large(send: Send) -> None:
    text = b'{"type":"about:blank","title":"Content too large","status":413}'
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(text)).encode("ascii"))]
    await send({"type": "http.response.start", "status": 413, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": text, "more_body": False})
