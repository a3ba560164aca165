"""What all simulators share: an aiohttp application on a free loopback port in a thread of its own, faults by script.

A vendor's module derives from `Simulator`, adds its routes in `routes` and keeps what it accepted in `accepted`. Every
request first meets the scripted faults, then the vendor's own rules.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from aiohttp import web

from clarion.testing.loopback import reset

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Trick(StrEnum):
    """How to misbehave instead of answering properly. RESET_AFTER: take it, then reset the connection without an
    answer; RESET: reset before taking it; MALFORMED: a 200 whose body is not what the vendor sends; SLOW: answer
    properly after `seconds`."""

    STATUS = "status"
    RESET = "reset"
    RESET_AFTER = "reset_after"
    MALFORMED = "malformed"
    SLOW = "slow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One scripted misbehaviour; `status`, `headers` and `body` are for STATUS."""

    trick: Trick = Trick.STATUS
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    seconds: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request as it came; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class Simulator(ABC):
    """A vendor on loopback. `with TwilioSimulator() as vendor: … vendor.url`."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.accepted: Counter[str] = Counter()
        self.faults: deque[Fault] = deque()
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=type(self).__name__, daemon=True)
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def routes(self) -> Iterable[web.RouteDef]:
        """The vendor's paths."""

    @property
    def url(self) -> str:
        """The base URL, for `endpoint=`."""
        return f"http://127.0.0.1:{self.port}"

    def script(self, *faults: Fault) -> None:
        """The next requests misbehave so, one fault each; afterwards all is well again."""
        self.faults.extend(faults)

    def start(self, port: int = 0) -> Self:
        if not self._thread.is_alive():
            self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(port), self._loop).result(timeout=10)
        return self

    async def _listen(self, port: int) -> None:
        app = web.Application(middlewares=[self._meet], client_max_size=64 * 1024 * 1024)
        app.router.add_routes(list(self.routes()))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        if self._runner is not None:
            asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @web.middleware
    async def _meet(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.calls.append(
            Call(method=request.method, path=request.path, query=dict(request.query), headers=headers, body=body)
        )
        fault = self.faults.popleft() if self.faults else None
        if fault is None:
            return await handler(request)
        if fault.trick is Trick.STATUS:
            return web.Response(status=fault.status, headers=dict(fault.headers), body=fault.body)
        if fault.trick is Trick.MALFORMED:
            return web.Response(status=200, body=b"<html>not what you expect", content_type="text/html")
        if fault.trick is Trick.SLOW:
            await asyncio.sleep(fault.seconds)
            return await handler(request)
        if fault.trick is Trick.RESET_AFTER:
            await handler(request)
        if request.transport is not None:
            reset(request.transport)
        return web.Response()
