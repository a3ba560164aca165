"""The paced load generator, run as a process of its own: so many requests a second, whatever the answers do.

Reads one `Paced` from stdin and prints one `Kept`. Bounded in time and in number.
"""

import asyncio
import sys
import time

import aiohttp
import msgspec

REQUEST_SECONDS = 30.0


class Paced(msgspec.Struct, frozen=True, kw_only=True):
    """What to post, in turn, and how often."""

    url: str
    authorization: str
    bodies: list[str]
    per_second: float
    number: int


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """When each was called (Unix time), by the id that the answer named; `failed` were not answered with 2xx. `late`:
    the furthest that a call was behind its time, in milliseconds."""

    called: dict[str, float]
    failed: int
    late_ms: float


class _Answer(msgspec.Struct):
    id: str


_DECODER = msgspec.json.Decoder(_Answer)


async def keep_pace(order: Paced) -> Kept:
    """Post them and wait for the last answer."""
    called: dict[str, float] = {}
    late = 0.0
    headers = {"Authorization": order.authorization, "Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=64), headers=headers, timeout=timeout
    ) as session:

        async def one(body: str) -> None:
            at = time.time()
            try:
                async with session.post(order.url, data=body) as response:
                    if response.status < 300:
                        called[_DECODER.decode(await response.read()).id] = at
            except (aiohttp.ClientError, TimeoutError):
                return

        began = time.monotonic()
        tasks = []
        for number in range(order.number):
            ahead = began + number / order.per_second - time.monotonic()
            if ahead > 0:
                await asyncio.sleep(ahead)
            late = max(late, -ahead)
            tasks.append(asyncio.create_task(one(order.bodies[number % len(order.bodies)])))
        await asyncio.gather(*tasks)
    return Kept(called=called, failed=order.number - len(called), late_ms=late * 1000)


if __name__ == "__main__":
    wanted = msgspec.json.decode(sys.stdin.readline(), type=Paced)
    sys.stdout.write(msgspec.json.encode(asyncio.run(keep_pace(wanted))).decode() + "\n")
