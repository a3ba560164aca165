"""How many single sends the API takes while the workers deliver them, beside GET /livez (the server's own limit)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.ground import Ground, reference
from clarion.surfaces.cli.bench.load import Load, Served
from clarion.surfaces.cli.bench.measured import Extent, Meter, rate
from clarion.surfaces.cli.bench.orders import Watch
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.demo_system import demo_environment

GENERATOR = "clarion.surfaces.cli.bench.load"
CONNECTIONS = (8, 32)
MOST = 50_000
WARM_UP_SECONDS = 0.5
DRAIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRate:
    """`POST /notifications/send`, one in_app notification a request. `ratio`: to GET /livez in the same run.
    `accepted` were answered with 201, `delivered` is what the ledger says of them afterwards."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "conns",
        "sends/s",
        "p50 ms",
        "p99 ms",
        "livez/s",
        "ratio",
        "accepted",
        "delivered",
    )

    connections: int
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    livez_per_second: float
    ratio: float
    accepted: int
    refused: int
    delivered: int

    @property
    def flaw(self) -> str:
        if self.refused:
            return f"{self.refused} requests were not answered with 2xx"
        return "" if self.delivered == self.accepted else f"{self.accepted} accepted, {self.delivered} delivered"

    def cells(self) -> tuple[str, ...]:
        return (
            str(self.connections),
            f"{self.requests_per_second:.0f}",
            f"{self.p50_ms:.1f}",
            f"{self.p99_ms:.1f}",
            f"{self.livez_per_second:.0f}",
            f"{self.ratio:.2f}",
            str(self.accepted),
            str(self.delivered),
        )


def measure_send(ground: Ground, extent: Extent, meter: Meter) -> Iterator[SendRate]:
    """One row for each number of connections."""
    _put_on(ground, "api/v1/notifications/send", _bodies(ground, reference()), 8, WARM_UP_SECONDS)
    for connections in CONNECTIONS:
        yield _one_setting(ground, connections, extent.seconds, meter)


def _one_setting(ground: Ground, connections: int, seconds: float, meter: Meter) -> SendRate:
    meter.stage(f"GET /livez, {connections} connections")
    livez = _put_on(ground, "livez", [], connections, seconds / 2)
    meter.stage(f"send, {connections} connections")
    mark = reference()
    served = _put_on(ground, "api/v1/notifications/send", _bodies(ground, mark), connections, seconds)
    advance = meter.stage("waiting until all are delivered", served.good)
    settled = ground.watch(Watch(reference=mark, number=served.good, seconds=DRAIN_SECONDS), advance)
    own, bare = rate(served.good, served.seconds), rate(livez.good, livez.seconds)
    return SendRate(
        connections=connections,
        requests_per_second=own,
        p50_ms=served.p50_ms,
        p99_ms=served.p99_ms,
        livez_per_second=bare,
        ratio=own / bare if bare else 0.0,
        accepted=served.good,
        refused=sum(served.statuses.values()) - served.good,
        delivered=settled.statuses.get("delivered", 0),
    )


def _bodies(ground: Ground, mark: str) -> list[str]:
    common = {"channel": ChannelKey.IN_APP, "template_path": TEMPLATE, "context": SAMPLE, "reference": mark}
    return [msgspec.json.encode({"user_id": str(user), **common}).decode() for user in ground.people]


def _put_on(ground: Ground, path: str, bodies: list[str], connections: int, seconds: float) -> Served:
    load = Load(
        url=f"{ground.base_url}/{path}",
        authorization=ground.authorization,
        bodies=bodies,
        connections=connections,
        seconds=seconds,
        most=MOST,
    )
    with SideProcess(GENERATOR, demo_environment()) as generator:
        generator.tell(load)
        return generator.hear(Served, seconds + 60)
