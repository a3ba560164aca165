"""A server on 127.0.0.1 in a thread of its own, for tests that want real sockets. What it speaks is its user's."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

T = TypeVar("T")


def reset(transport: asyncio.Transport) -> None:
    """End a connection with a TCP reset, as a crashing server does."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def free_port() -> int:
    """A port on 127.0.0.1 at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LoopbackServer:
    """Serves `protocol()` connections on a free port between `start` and `stop`. Usable as a context manager."""

    def __init__(self, protocol: Callable[[], asyncio.BaseProtocol], *, tls: ssl.SSLContext | None = None) -> None:
        self._protocol = protocol
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="loopback", daemon=True)
        self._server: asyncio.Server | None = None
        self.port = 0

    def start(self, port: int = 0) -> Self:
        if not self._thread.is_alive():
            self._thread.start()
        self._server = self._run(self._listen(port))
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def _listen(self, port: int) -> asyncio.Server:
        return await self._loop.create_server(self._protocol, "127.0.0.1", port, ssl=self._tls)

    def stop(self) -> None:
        """Close the port and end the thread."""
        if self._loop.is_closed():
            return
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def call(self, action: Callable[[], None]) -> None:
        """Run a function on the server's loop and wait for it."""

        async def act() -> None:
            action()

        self._run(act())

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
