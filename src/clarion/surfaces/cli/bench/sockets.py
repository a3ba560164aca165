"""Run as a process of its own: very many WebSocket clients that note what they are told and when. Orders come by stdin,
a line of JSON each, and each is answered by a line."""

import asyncio
import resource
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

CONNECT_SECONDS = 60.0
AT_ONCE = 200


class Connect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Connect one client to each URL, AT_ONCE of them at a time. Those that were connected before come back with
    `resume` behind their URL, which names their revision. Answered with Connected."""

    urls: list[str]
    resume: str = ""


class Break(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Cut every connection, without a goodbye. Answered with Connected."""


class Sleep(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The first `number` clients read nothing any more. Answered with Connected."""

    number: int


class Hear(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Wait until `number` more notifications than `after` came to all together, at most so many seconds. Answered with
    Heard."""

    after: int
    number: int
    seconds: float


Order = Connect | Break | Sleep | Hear


class Connected(msgspec.Struct, frozen=True, kw_only=True):
    """How many are connected, and how long that took."""

    number: int
    seconds: float


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """Notifications so far: how many, by id when they came (Unix time, the last client's), items left out and told
    twice as their numbers show, and sockets that were closed from the other side."""

    total: int
    arrived: dict[str, float]
    missed: int
    doubled: int
    closed: int


class _Data(msgspec.Struct):
    id: str = ""
    seq: int = 0
    rev: int = 0


class _Frame(msgspec.Struct):
    type: str
    data: _Data


_DECODER = msgspec.json.Decoder(_Frame)


@dataclass(slots=True)
class _Client:
    url: str
    socket: ClientConnection | None = None
    reader: "asyncio.Task[None] | None" = None
    seq: int = 0
    rev: int = 0


@dataclass(slots=True)
class Crowd:
    """All the clients."""

    clients: list[_Client] = field(default_factory=list)
    arrived: dict[str, float] = field(default_factory=dict)
    total: int = 0
    missed: int = 0
    doubled: int = 0
    closed: int = 0

    async def connect(self, order: Connect) -> Connected:
        """New clients, or the same ones again."""
        if not order.resume:
            self.clients = [_Client(url) for url in order.urls]
        began = time.monotonic()
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._open(client, order.resume, gate) for client in self.clients))
        number = sum(client.socket is not None for client in self.clients)
        return Connected(number=number, seconds=time.monotonic() - began)

    async def _open(self, client: _Client, resume: str, gate: asyncio.Semaphore) -> None:
        url = client.url + resume.format(seq=client.seq, rev=client.rev)
        async with gate:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    client.socket = await connect(url, compression=None, ping_interval=None, max_queue=64)
            except (OSError, TimeoutError, WebSocketException):
                client.socket = None
                return
        client.reader = asyncio.create_task(self._read(client, client.socket))

    async def _read(self, client: _Client, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                frame = _DECODER.decode(text)
                if frame.type == "notification":
                    self._note(client, frame.data)
                client.rev = max(client.rev, frame.data.rev)
        except WebSocketException:
            self.closed += 1

    def _note(self, client: _Client, data: _Data) -> None:
        self.total += 1
        self.arrived[data.id] = time.time()
        if data.seq:
            self.missed += max(0, data.seq - client.seq - 1)
            self.doubled += data.seq <= client.seq
            client.seq = max(client.seq, data.seq)

    def sleep(self, number: int) -> None:
        """These read nothing any more."""
        for client in self.clients[:number]:
            if client.socket is not None and client.reader is not None:
                client.reader.cancel()
                client.socket.transport.pause_reading()

    async def break_all(self) -> None:
        """No goodbye."""
        for client in self.clients:
            if client.reader is not None:
                client.reader.cancel()
            if client.socket is not None:
                client.socket.transport.abort()
                client.socket = None
        await asyncio.sleep(0)

    async def hear(self, order: Hear) -> Heard:
        """What came."""
        until = time.monotonic() + order.seconds
        while self.total < order.after + order.number and time.monotonic() < until:
            await asyncio.sleep(0.02)
        heard = Heard(
            total=self.total,
            arrived=self.arrived,
            missed=self.missed,
            doubled=self.doubled,
            closed=self.closed,
        )
        self.arrived = {}
        return heard


async def _obey(crowd: Crowd, order: Order) -> Connected | Heard:
    match order:
        case Connect():
            return await crowd.connect(order)
        case Hear():
            return await crowd.hear(order)
        case Break():
            await crowd.break_all()
        case Sleep():
            crowd.sleep(order.number)
    return Connected(number=len(crowd.clients), seconds=0.0)


async def serve(lines: Iterable[str]) -> None:
    """Obey until there are no more lines."""
    crowd = Crowd()
    following = iter(lines)
    while line := await asyncio.to_thread(next, following, ""):
        answer = await _obey(crowd, msgspec.json.decode(line, type=Order))
        sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
        sys.stdout.buffer.flush()


def _open_enough_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    _open_enough_files()
    asyncio.run(serve(sys.stdin))
