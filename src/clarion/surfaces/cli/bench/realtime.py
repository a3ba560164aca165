"""WebSockets: from the call of a send to the frame, fan-out, connects, memory, a reconnect storm and slow readers; and
the sketched design (Channels, core layer) beside it in the same run."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.bulk_call import bulk_body, call_bulk
from clarion.surfaces.cli.bench.children import children_of, resident_mib
from clarion.surfaces.cli.bench.ground import Ground, reference
from clarion.surfaces.cli.bench.ingest import WEB
from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter, percentile, rate
from clarion.surfaces.cli.bench.orders import Watch
from clarion.surfaces.cli.bench.paced import Kept, Paced
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.sketch import Sketch, sketch_beside
from clarion.surfaces.cli.bench.sockets import Break, Connect, Connected, Hear, Heard, Sleep
from clarion.surfaces.cli.demo_system import demo_environment

CROWD = "clarion.surfaces.cli.bench.sockets"
PACER = "clarion.surfaces.cli.bench.paced"
PER_SECOND = 200
WAIT_SECONDS = 60.0
SLOW = 20
LARGE = "large" * 1_600
LARGE_EACH = 500
BROADCASTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """`p50_ms`, `p99_ms`: from the call of the send to the frame (of all frames of a fan-out: to the last). `rate`: of
    what the row is about (connects, deliveries). `kib`: memory of the web process for each socket. `lost`: frames that
    never came; of ours also what came twice."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "sockets", "p50 ms", "p99 ms", "per s", "KiB", "lost")

    design: str
    what: str
    sockets: int
    p50_ms: float | None = None
    p99_ms: float | None = None
    per_second: float | None = None
    kib: float | None = None
    lost: int | None = None
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        times = (f"{each:.1f}" if each is not None else "–" for each in (self.p50_ms, self.p99_ms))
        rest = (f"{each:.0f}" if each is not None else "–" for each in (self.per_second, self.kib, self.lost))
        return f"{self.design}: {self.what}", str(self.sockets), *times, *rest


class _Crowd:
    """The clients' process."""

    def __init__(self, process: SideProcess, design: str) -> None:
        self._process = process
        self.design = design
        self._before = Heard(total=0, arrived={}, missed=0, doubled=0, closed=0)

    def connect(self, order: Connect) -> Connected:
        self._process.tell(order)
        return self._process.hear(Connected, WAIT_SECONDS * 2)

    def order(self, order: Break | Sleep) -> None:
        self._process.tell(order)
        self._process.hear(Connected, WAIT_SECONDS)

    def hear(self, number: int, seconds: float = WAIT_SECONDS) -> tuple[dict[str, float], int]:
        """When each came, and how many of so many came not at all, out of their row or twice."""
        before = self._before
        self._process.tell(Hear(after=before.total, number=number, seconds=seconds))
        self._before = heard = self._process.hear(Heard, seconds + WAIT_SECONDS)
        wrong = heard.missed - before.missed + heard.doubled - before.doubled
        return heard.arrived, max(0, before.total + number - heard.total) + wrong


def measure_realtime(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Live]:
    """Ours with a thousand and with five thousand clients, then the sketch with a thousand."""
    few, many = extent.sockets
    paced = int(PER_SECOND * extent.seconds)
    people = ground.crowd(few + many, webhooks=False, advance=meter.stage("making people", few + many))
    urls = _urls(ground, people)
    with SideProcess(CROWD, demo_environment()) as process:
        crowd = _Crowd(process, "clarion")
        yield from _with_few(ground, crowd, urls[:few], people[:few], paced, meter)
    with SideProcess(CROWD, demo_environment()) as process:
        crowd = _Crowd(process, "clarion")
        yield from _with_many(ground, crowd, urls[few:], people[few:], meter)
    meter.stage(f"{few} sockets on the sketched design")
    with SideProcess(CROWD, demo_environment()) as process, sketch_beside(ground) as sketch:
        yield from _sketched(sketch, _Crowd(process, "sketch"), few, paced)


def _urls(ground: Ground, people: list[UUID]) -> list[str]:
    base = ground.base_url.replace("http", "ws", 1)
    return [f"{base}/ws/notifications/?token={token}" for token in ground.tokens(people)]


def _with_few(
    ground: Ground, crowd: _Crowd, urls: list[str], people: Sequence[UUID], paced: int, meter: Meter
) -> Iterator[Live]:
    meter.stage(f"{len(urls)} sockets connect")
    yield _connects(ground, crowd, urls)
    _paced(ground, crowd, people, paced // 5)  # warms up
    meter.stage(f"{PER_SECOND} sends a second")
    yield _paced(ground, crowd, people, paced)
    if len(urls) < SLOW * 10:
        return  # a short run: to fill the buffers of so many takes seconds
    meter.stage(f"the same, {SLOW} sockets read nothing")
    crowd.order(Sleep(number=SLOW))
    _flood(ground, people[:SLOW])
    yield _paced(ground, crowd, people[SLOW:], paced, f"…, {SLOW} others asleep")


def _connects(ground: Ground, crowd: _Crowd, urls: list[str]) -> Live:
    web = _web(ground)
    before = resident_mib(web)
    connected = crowd.connect(Connect(urls=urls))
    time.sleep(1.0)
    return Live(
        design=crowd.design,
        what="connect",
        sockets=connected.number,
        per_second=rate(connected.number, connected.seconds),
        kib=(resident_mib(web) - before) * 1024 / max(connected.number, 1),
        flaw="" if connected.number == len(urls) else f"{connected.number} of {len(urls)} sockets connected",
    )


def _web(ground: Ground) -> int:
    web = children_of(ground.system.pid, WEB)
    if not web:
        raise BenchFailed("The web process was not found; this experiment needs Linux's /proc.")
    return web[0]


def _paced(ground: Ground, crowd: _Crowd, people: Sequence[UUID], number: int, what: str = "") -> Live:
    common = {"channel": ChannelKey.IN_APP, "template_path": TEMPLATE, "context": SAMPLE, "reference": reference()}
    order = Paced(
        url=f"{ground.base_url}/api/v1/notifications/send",
        authorization=ground.authorization,
        bodies=[msgspec.json.encode({"user_id": str(user), **common}).decode() for user in people],
        per_second=PER_SECOND,
        number=number,
    )
    with SideProcess(PACER, demo_environment()) as pacer:
        pacer.tell(order)
        kept = pacer.hear(Kept, number / PER_SECOND + WAIT_SECONDS)
    arrived, lost = crowd.hear(len(kept.called))
    waits = [(arrived[name] - at) * 1000 for name, at in kept.called.items() if name in arrived]
    return Live(
        design=crowd.design,
        what=what or f"send to frame, {PER_SECOND}/s",
        sockets=len(people),
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        lost=lost,
        flaw=f"{kept.failed} sends were refused" if kept.failed else _flaw(lost),
    )


def _flaw(lost: int) -> str:
    return f"{lost} frames lost or doubled" if lost else ""


def _flood(ground: Ground, people: Sequence[UUID]) -> None:
    """More than the buffers of either side hold."""
    body = {"recipients": [{"user_id": user} for user in people], "channel": ChannelKey.IN_APP, "body": LARGE}
    for _ in range(LARGE_EACH):
        call_bulk(ground, msgspec.json.encode(body), len(people))


def _with_many(ground: Ground, crowd: _Crowd, urls: list[str], people: Sequence[UUID], meter: Meter) -> Iterator[Live]:
    meter.stage(f"{len(urls)} sockets connect")
    yield _connects(ground, crowd, urls)
    meter.stage(f"one notification to each of {len(people)}")
    yield _fan_out(ground, crowd, people)
    meter.stage(f"{len(urls)} sockets break and come back")
    yield _storm(ground, crowd, urls, people)


def _fan_out(ground: Ground, crowd: _Crowd, people: Sequence[UUID]) -> Live:
    """One call to a room whose members are all connected: taken in, gated, rendered, stored in each inbox, shown."""
    room = reference()
    ground.api.post("rooms", {"key": room, "name": "All of them"}, dict[str, object])
    ground.api.put(f"rooms/{room}/members", {"user_ids": [str(user) for user in people]}, dict[str, object])
    body = {"template_path": TEMPLATE, "context": SAMPLE, "channel": ChannelKey.IN_APP, "priority": "high"}
    called_at = time.time()
    ground.api.post(f"rooms/{room}/notify", body, dict[str, object])
    arrived, lost = crowd.hear(len(people))
    waits = [(at - called_at) * 1000 for at in arrived.values()]
    return Live(
        design=crowd.design,
        what="one to a room",
        sockets=len(people),
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        per_second=rate(len(waits), max(waits, default=0.0) / 1000),
        lost=lost,
        flaw=_flaw(lost),
    )


def _storm(ground: Ground, crowd: _Crowd, urls: list[str], people: Sequence[UUID]) -> Live:
    """All break at once; each is sent something while away; all come back at once and are told of it."""
    crowd.order(Break())
    call_bulk(ground, bulk_body(ChannelKey.IN_APP, people, mark := reference(), priority="high"), len(people))
    ground.watch(Watch(reference=mark, number=len(people), seconds=WAIT_SECONDS))
    began = time.time()
    connected = crowd.connect(Connect(urls=urls, resume="&since={seq}&rev={rev}"))
    arrived, lost = crowd.hear(len(people))
    waits = [(at - began) * 1000 for at in arrived.values()]
    return Live(
        design=crowd.design,
        what="reconnect storm, caught up",
        sockets=connected.number,
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        per_second=rate(connected.number, connected.seconds),
        lost=lost,
        flaw=_flaw(lost) if connected.number == len(urls) else f"{connected.number} of {len(urls)} came back",
    )


def _sketched(sketch: Sketch, crowd: _Crowd, number: int, paced: int) -> Iterator[Live]:
    """What it loses is what it is known for, and no flaw of the measurement."""
    users = [f"u{place}" for place in range(number)]
    before = resident_mib(sketch.pid)
    connected = crowd.connect(Connect(urls=[f"{sketch.url}?user={user}" for user in users]))
    time.sleep(1.0)
    yield Live(
        design=crowd.design,
        what="connect",
        sockets=connected.number,
        per_second=rate(connected.number, connected.seconds),
        kib=(resident_mib(sketch.pid) - before) * 1024 / max(connected.number, 1),
    )
    called = sketch.paced(users, paced, PER_SECOND)
    arrived, lost = crowd.hear(len(called), 10.0)
    waits = [(arrived[name] - at) * 1000 for name, at in called.items() if name in arrived]
    yield Live(
        design=crowd.design,
        what=f"group_send to frame, {PER_SECOND}/s",
        sockets=number,
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        lost=lost,
    )
    yield _broadcasts(sketch, crowd, number)


def _broadcasts(sketch: Sketch, crowd: _Crowd, number: int) -> Live:
    """One message to all of one group, one after another; the time is that of the last frame of each."""
    waits, lost = [], 0
    for turn in range(BROADCASTS):
        (at,) = sketch.broadcast(f"b{turn}").values()
        arrived, lacking = crowd.hear(number, 5.0)
        waits += [(last - at) * 1000 for last in arrived.values()]
        lost += lacking
    return Live(
        design=crowd.design,
        what="one to all, last frame",
        sockets=number,
        p50_ms=percentile(waits, 0.5),
        p99_ms=percentile(waits, 0.99),
        lost=lost,
    )
