"""Runs the Django WSGI application inside an ASGI server, so that HTTP and WebSocket share one port.

Django's own ASGI handler costs half the throughput (docs/decisions/0002-one-port.md), and the views are synchronous
anyway. Each request runs in one thread of a fixed pool from start to `close()`, so Django's thread-bound database
connections persist from request to request as they do under a WSGI server. No routing and no WebSocket code here.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any
from wsgiref.types import WSGIApplication

from clarion.surfaces.realtime.answers import SLICE_BYTES, Answer, FileWrapper, Gone, transmit
from clarion.surfaces.realtime.bodies import Intake
from clarion.surfaces.realtime.refusals import Refused, refuse
from clarion.surfaces.realtime.shapes import Application, Event, Receive, Scope, Send

__all__ = ["THREADS", "THREADS_VARIABLE", "Receive", "Scope", "Send", "WsgiBridge", "build_environ", "one_port"]

# An answer is collected up to this size, so that its thread is free before the client has read anything.
COLLECTED_BYTES = 4 * 1024 * 1024
# Of all collected answers that clients have not taken yet, in one process.
UNSENT_BYTES = 128 * 1024 * 1024

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
        self._intake = Intake()
        self._unsent_bytes = 0
        for number in range(threads):
            name = f"http-{number}"
            Thread(target=_run_exchanges, args=(self._work, application), name=name, daemon=True).start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._answer(scope, receive, send)
        except Refused as refused:
            with contextlib.suppress(Gone):
                await refuse(refused, receive, send)
        except Gone:
            return

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._intake.read(scope, receive)
        if body is None:
            return
        try:
            exchange = _Exchange(build_environ(scope, body.file), send)
            self._work.put(exchange)
            answer = await exchange.answer
        finally:
            body.close()
        try:
            await self._send(answer, send)
        finally:
            answer.close()

    async def _send(self, answer: Answer, send: Send) -> None:
        held = answer.held_bytes
        if held and self._unsent_bytes + held > UNSENT_BYTES and answer.start is not None:
            raise Refused(503, "too_many_slow_readers", "too many large answers are under way; try again")
        self._unsent_bytes += held
        try:
            await transmit(answer, send)
        finally:
            self._unsent_bytes -= held


def _run_exchanges(work: "SimpleQueue[_Exchange]", application: WSGIApplication) -> None:
    """A pool thread's life. A ThreadPoolExecutor does the same at twice the cost a request."""
    while True:
        exchange = work.get()
        try:
            answer = exchange.run(application)
        except BaseException as error:  # noqa: BLE001 -- a door: the server answers 500 and logs it
            exchange.settle(error)
        else:
            exchange.settle(answer)


class _Exchange:
    """One request: made and awaited on the event loop, run in a pool thread."""

    def __init__(self, environ: dict[str, Any], send: Send) -> None:
        """Belongs to the running event loop."""
        self._environ = environ
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._start: Event | None = None
        self._collected: list[bytes] = []
        self._size = 0
        self._most = COLLECTED_BYTES
        self.answer: asyncio.Future[Answer] = self._loop.create_future()

    def run(self, application: WSGIApplication) -> Answer:
        """What is still to be sent: everything, or the last part of an answer too large to be collected.

        A hop to the event loop costs more than the rest of the bridge, hence one for the whole ordinary answer.
        """
        chunks = application(self._environ, self._start_response)
        try:
            file = chunks.detach() if isinstance(chunks, FileWrapper) else None
            if file is not None:
                return Answer(start=self._start, body=file)
            for chunk in chunks:
                self._collect(chunk)
        finally:
            # Fires Django's request_finished, which must see the thread that holds the connection.
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        return self._take()

    def settle(self, result: Answer | BaseException) -> None:
        """Wake the event loop, unless it has ended in the meantime."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: Answer | BaseException) -> None:
        if isinstance(result, BaseException):
            if not self.answer.done():
                self.answer.set_exception(result)
        elif self.answer.done():  # cancelled: the server is going down
            result.close()
        else:
            self.answer.set_result(result)

    def _collect(self, chunk: bytes) -> None:
        if self._size > self._most:  # only when more follows: the last part needs no thread
            self._stream()
        self._collected.append(chunk)
        self._size += len(chunk)

    def _stream(self) -> None:
        """Send what there is, and hold the thread until it is taken: that is the back-pressure. Raises Gone."""
        sending = transmit(self._take(), self._send, more=True)
        asyncio.run_coroutine_threadsafe(sending, self._loop).result()
        self._most = SLICE_BYTES

    def _take(self) -> Answer:
        answer = Answer(start=self._start, body=b"".join(self._collected))
        self._start, self._collected, self._size = None, [], 0
        return answer

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None, /
    ) -> Callable[[bytes], object]:
        self._start = {
            "type": "http.response.start",
            "status": int(status[:3]),
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        }
        return self._collect


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
        "wsgi.file_wrapper": FileWrapper,
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
