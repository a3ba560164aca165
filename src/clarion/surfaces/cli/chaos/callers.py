"""Many callers who all send with the same idempotency keys at the same time: there is one notification for each key,
and everybody is told the same one."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

import aiohttp
import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.api_answers import Sent
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import Meter
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.chaos.course import copies_of, drain, taken_by
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.victims import Victims

REQUEST_SECONDS = 60.0
AGAIN_SECONDS = (0.05, 0.3)
MOST_TRIES = 100


@dataclass(slots=True)
class Heard:
    """What all callers were told: the ids by key; `busy`: 409, asked again; `odd`: anything else, asked again too."""

    ids: dict[str, set[UUID]] = field(default_factory=dict)
    answers: int = 0
    replayed: int = 0
    busy: int = 0
    odd: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """`calls`: (caller, key) pairs that were answered with 201; `busy`: 409 in between; `made`: different
    notifications in the answers; `taken`: messages the receiver got."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "callers",
        "keys",
        "calls",
        "replayed",
        "busy",
        "other",
        "made",
        "taken",
        "calls/s",
        "seconds",
    )

    callers: int
    keys: int
    calls: int
    replayed: int
    busy: int
    other: int
    made: int
    taken: int
    doubled: int
    disagreeing: int
    given_up: int
    seconds: float

    @property
    def flaw(self) -> str:
        said = []
        if (self.made, self.taken, self.doubled) != (self.keys, self.keys, 0):
            said.append(f"{self.keys} keys made {self.made} notifications, {self.taken} taken, {self.doubled} doubled")
        if self.disagreeing or self.given_up or self.calls != self.callers * self.keys:
            said.append(f"{self.disagreeing} keys with several answers, {self.given_up} calls without any")
        return "; ".join(said)

    def cells(self) -> tuple[str, ...]:
        counts = (self.callers, self.keys, self.calls, self.replayed, self.busy, self.other, self.made, self.taken)
        return *(str(count) for count in counts), f"{self.calls / self.seconds:.0f}", f"{self.seconds:.1f}"


def measure_callers(ground: Ground, plan: Plan, meter: Meter) -> Iterator[Called]:
    """One row."""
    ground.forget_receipts()
    heard = Heard()
    advance = meter.stage(f"callers: {plan.callers} callers, {plan.keys} keys", plan.callers * plan.keys)
    began = time.monotonic()
    asyncio.run(_all(ground, plan, heard, advance))
    seconds = time.monotonic() - began
    drain(Victims(system=ground.system), meter, "callers")
    copies = copies_of(taken_by(ground))
    yield Called(
        callers=plan.callers,
        keys=plan.keys,
        calls=heard.answers,
        replayed=heard.replayed,
        busy=heard.busy,
        other=heard.odd,
        made=len({one for ids in heard.ids.values() for one in ids}),
        taken=len(copies),
        doubled=sum(copies.values()) - len(copies),
        disagreeing=sum(len(ids) > 1 for ids in heard.ids.values()),
        given_up=heard.given_up,
        seconds=seconds,
    )


async def _all(ground: Ground, plan: Plan, heard: Heard, advance: object) -> None:
    headers = {"Authorization": ground.authorization, "Content-Type": "application/json"}
    mark = f"chaos-{plan.seed}-{time.time_ns()}"
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=plan.callers),
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
    ) as session:
        url = f"{ground.base_url}/api/v1/notifications/send"
        keys = [(f"{mark}-{place}", _body(ground, place)) for place in range(plan.keys)]
        callers = [_Caller(session, url, heard, random.Random(f"{plan.seed} {n}")) for n in range(plan.callers)]  # noqa: S311 -- repeatable
        watch = asyncio.create_task(_watch(heard, advance))
        await asyncio.gather(*(caller.run(keys) for caller in callers))
        watch.cancel()


async def _watch(heard: Heard, advance: object) -> None:
    while callable(advance):
        advance(heard.answers)
        await asyncio.sleep(0.5)


def _body(ground: Ground, place: int) -> bytes:
    body: dict[str, object] = {
        "user_id": str(ground.people[place % len(ground.people)]),
        "channel": ChannelKey.WEBHOOK,
        "template_path": TEMPLATE,
        "context": SAMPLE,
    }
    return msgspec.json.encode(body)


@dataclass(frozen=True, slots=True)
class _Caller:
    """Sends every key once, in the order of all others, so that they meet."""

    session: aiohttp.ClientSession
    url: str
    heard: Heard
    rng: random.Random

    async def run(self, keys: list[tuple[str, bytes]]) -> None:
        for key, body in keys:
            await self._send(key, body)

    async def _send(self, key: str, body: bytes) -> None:
        for _ in range(MOST_TRIES):
            if await self._once(key, body):
                return
            await asyncio.sleep(self.rng.uniform(*AGAIN_SECONDS))
        self.heard.given_up += 1

    async def _once(self, key: str, body: bytes) -> bool:
        try:
            async with self.session.post(self.url, data=body, headers={"Idempotency-Key": key}) as response:
                answer = await response.read()
        except (aiohttp.ClientError, TimeoutError):
            self.heard.odd += 1
            return False
        if response.status != 201:
            self.heard.busy += response.status == 409
            self.heard.odd += response.status != 409
            return False
        self.heard.answers += 1
        self.heard.replayed += response.headers.get("Idempotency-Replayed") == "true"
        self.heard.ids.setdefault(key, set()).add(msgspec.json.decode(answer, type=Sent).id)
        return True
