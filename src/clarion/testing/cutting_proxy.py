"""A TCP proxy on loopback that, while it is told to, cuts every connection after some bytes, in whichever direction
they go: in the middle of a command, after the last byte of a message, in the middle of the answer."""

import asyncio
from random import Random
from typing import Self, cast

from clarion.testing.loopback import LoopbackServer, reset

MOST_BYTES = 12_000


class CuttingProxy:
    """Between its own port and that of `upstream`. `cuts` counts the connections it cut."""

    def __init__(self, upstream: int, rng: Random) -> None:
        self.upstream = upstream
        self.rng = rng
        self.cutting = False
        self.cuts = 0
        self._server = LoopbackServer(lambda: _Near(self))

    @property
    def port(self) -> int:
        return self._server.port

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()


class _Near(asyncio.Protocol):
    """The client's side of one connection; knows the other side and how many bytes are left to it."""

    def __init__(self, proxy: CuttingProxy) -> None:
        self._proxy = proxy
        self._early: list[bytes] = []
        self._left: int | None = None
        self._far: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            far, _ = await loop.create_connection(lambda: _Far(self), "127.0.0.1", self._proxy.upstream)
        except OSError:
            self._transport.abort()
            return
        self._far = far
        for data in self._early:
            self.carry(data, far)

    def data_received(self, data: bytes) -> None:
        if self._far is None:
            self._early.append(data)
        else:
            self.carry(data, self._far)

    def answer(self, data: bytes) -> None:
        self.carry(data, self._transport)

    def carry(self, data: bytes, to: asyncio.Transport) -> None:
        """Pass bytes on, as many as are left."""
        if not self._proxy.cutting:
            self._left = None
            to.write(data)
            return
        if self._left is None:
            self._left = self._proxy.rng.randrange(1, MOST_BYTES)
        to.write(data[: self._left])
        self._left -= len(data)
        if self._left <= 0:
            self._proxy.cuts += 1
            self.end(cut=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end(cut=False)

    def end(self, *, cut: bool) -> None:
        """Close both sides."""
        for transport in (self._transport, self._far):
            if transport is not None and not transport.is_closing():
                if cut:
                    reset(transport)
                else:
                    transport.close()


class _Far(asyncio.Protocol):
    """The server's side."""

    def __init__(self, near: _Near) -> None:
        self._near = near

    def data_received(self, data: bytes) -> None:
        self._near.answer(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._near.end(cut=False)
