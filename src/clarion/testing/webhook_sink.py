"""An HTTP server that records what it is sent and answers as scripted, failures included. Loopback only.

Written on bare sockets, for a well-behaved server library would not misbehave on request.
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, cast

from standardwebhooks import Webhook

from clarion.testing.loopback import LoopbackServer, reset


class Trick(StrEnum):
    """How to misbehave after the request has been read: RESET without an answer, HANG for ever, DRIP the body byte
    by byte without end, FLOOD it without end, GARBAGE instead of HTTP."""

    NONE = "none"
    RESET = "reset"
    HANG = "hang"
    DRIP = "drip"
    FLOOD = "flood"
    GARBAGE = "garbage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    trick: Trick = Trick.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class WebhookSink:
    """`script(path, …)` queues answers for a path; the last one stays. Everything else is answered with 200."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self._open: set[asyncio.Transport] = set()
        self._answers: dict[str, list[Answer]] = {}
        self._scheme = "https" if tls else "http"
        self._server = LoopbackServer(lambda: _Session(self), tls=tls)

    @property
    def port(self) -> int:
        return self._server.port

    def url(self, path: str = "/", *, host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def script(self, path: str, *answers: Answer) -> None:
        self._answers[path] = list(answers)

    def answer(self, path: str) -> Answer:
        queued = self._answers.get(path, [])
        if len(queued) > 1:
            return queued.pop(0)
        return queued[0] if queued else Answer()

    def verify(self, request: Request, secret: str) -> object:
        """The event, checked with the library's own verifier; raises when the signature is wrong."""
        return Webhook(secret).verify(request.body, dict(request.headers))

    def effects(self) -> Counter[str]:
        """What a receiver by the book has acted on: each webhook-id once."""
        return Counter({request.headers.get("webhook-id", "") for request in self.requests})

    def start(self) -> Self:
        self._server.start()
        return self

    def stop(self) -> None:
        """Close the port and what connections are still kept open to it."""
        if self._open:
            self._server.call(self._hang_up)
        self._server.stop()

    def _hang_up(self) -> None:
        for transport in list(self._open):
            transport.abort()

    def noted(self, transport: asyncio.Transport, *, is_open: bool) -> None:
        """A connection began or ended."""
        (self._open.add if is_open else self._open.discard)(transport)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Session(asyncio.Protocol):
    """One connection to the sink."""

    def __init__(self, sink: WebhookSink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._sink.connections += 1
        self._sink.noted(self._transport, is_open=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._sink.noted(self._transport, is_open=False)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._take_request()) is not None:
            self._sink.requests.append(request)
            self._reply(self._sink.answer(request.path.partition("?")[0]))

    def _take_request(self) -> Request | None:
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        method, path, _ = first.split(" ")
        return Request(method=method, path=path, headers=headers, body=rest[:length])

    def _reply(self, answer: Answer) -> None:
        if answer.trick is Trick.RESET:
            reset(self._transport)
        elif answer.trick is Trick.GARBAGE:
            self._transport.write(b"\x00\xff nothing like HTTP\r\n\r\n")
            self._transport.close()
        elif answer.trick in (Trick.DRIP, Trick.FLOOD):
            self._head(answer, length=10**9)
            self._pour(answer.trick)
        elif answer.trick is Trick.NONE:
            self._head(answer, length=len(answer.body))
            self._transport.write(answer.body)

    def _head(self, answer: Answer, *, length: int) -> None:
        headers = {"Content-Type": "application/json", "Content-Length": str(length), **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
        self._transport.write("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def _pour(self, trick: Trick) -> None:
        if self._transport.is_closing():
            return
        flood = trick is Trick.FLOOD
        self._transport.write(b"x" * (65_536 if flood else 1))
        asyncio.get_running_loop().call_later(0.001 if flood else 0.02, self._pour, trick)
