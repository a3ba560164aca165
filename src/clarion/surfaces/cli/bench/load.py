"""The load generator, run as a process of its own: so many connections, each sending its next request at once.

Reads one `Load` from stdin and prints one `Served`. Bounded in time and in number.
"""

import asyncio
import itertools
import sys
import time

import aiohttp
import msgspec

from clarion.surfaces.cli.bench.measured import percentile

REQUEST_SECONDS = 30.0


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask for, and how much. The bodies are taken in turn; without bodies it is a GET."""

    url: str
    authorization: str
    bodies: list[str]
    connections: int
    seconds: float
    most: int


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: answers by status (0: none came), and the times of those that were 2xx."""

    seconds: float
    statuses: dict[int, int]
    p50_ms: float
    p99_ms: float

    @property
    def good(self) -> int:
        """How many were answered with 2xx."""
        return sum(number for status, number in self.statuses.items() if 200 <= status < 300)


class _Generator:
    def __init__(self, load: Load, session: aiohttp.ClientSession) -> None:
        self._load = load
        self._session = session
        self._bodies = itertools.cycle([body.encode() for body in load.bodies]) if load.bodies else None
        self._left = load.most
        self.statuses: dict[int, int] = {}
        self.times: list[float] = []

    async def connection(self, until: float) -> None:
        while self._left > 0 and time.monotonic() < until:
            self._left -= 1
            started = time.monotonic()
            status = await self._one()
            self.statuses[status] = self.statuses.get(status, 0) + 1
            if 200 <= status < 300:
                self.times.append(time.monotonic() - started)

    async def _one(self) -> int:
        body = next(self._bodies) if self._bodies else None
        try:
            async with self._session.request("POST" if body else "GET", self._load.url, data=body) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0


async def generate(load: Load) -> Served:
    """Put the load on and wait for the last answer."""
    headers = {"Authorization": load.authorization, "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=load.connections)
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        generator = _Generator(load, session)
        started = time.monotonic()
        await asyncio.gather(*(generator.connection(started + load.seconds) for _ in range(load.connections)))
        seconds = time.monotonic() - started
    return Served(
        seconds=seconds,
        statuses=generator.statuses,
        p50_ms=percentile(generator.times, 0.5) * 1000,
        p99_ms=percentile(generator.times, 0.99) * 1000,
    )


def main() -> None:
    """One order, one answer."""
    load = msgspec.json.decode(sys.stdin.readline(), type=Load)
    sys.stdout.write(msgspec.json.encode(asyncio.run(generate(load))).decode() + "\n")


if __name__ == "__main__":
    main()
