"""What a worker has resident while it delivers message after message: it must not grow with their number."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.bulk_call import bulk_body, call_bulk
from clarion.surfaces.cli.bench.children import children_of, peak_mib, resident_mib
from clarion.surfaces.cli.bench.ground import Ground, reference
from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter, rate
from clarion.surfaces.cli.bench.orders import Watch

WORKER = "celery"
MOST_PEOPLE = 50_000
SLOWEST_PER_SECOND = 300
TURNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMemory:
    """After so many emails in all: what the largest worker has resident, and the most one ever had."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("delivered", "per second", "worker MiB", "peak MiB")

    delivered: int
    per_second: float
    resident_mib: float
    peak_mib: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        memory = (f"{self.resident_mib:.0f}", f"{self.peak_mib:.0f}")
        return str(self.delivered), f"{self.per_second:.0f}", *memory


def measure_memory(ground: Ground, extent: Extent, meter: Meter) -> Iterator[WorkerMemory]:
    """One row for each tenth of the way."""
    each = max(extent.lasting // TURNS, 1)
    people = ground.crowd(min(each, MOST_PEOPLE), webhooks=False, advance=meter.stage("making people", each))
    workers = children_of(ground.system.pid, WORKER)
    if not workers:
        raise BenchFailed("The worker processes were not found; this experiment needs Linux's /proc.")
    for turn in range(1, TURNS + 1):
        advance = meter.stage(f"emails, part {turn} of {TURNS}", each)
        arrived, seconds, done = 0, 0.0, 0
        while done < each:
            some = people[: each - done]
            mark = reference()
            called = call_bulk(ground, bulk_body(ChannelKey.EMAIL, some, mark), len(some))
            patience = 60 + len(some) / SLOWEST_PER_SECOND
            settled = ground.watch(Watch(reference=mark, number=len(some), seconds=patience), advance)
            arrived += settled.arrived
            seconds += (settled.last_at.timestamp() if settled.last_at else called.at) - called.at
            done += len(some)
            ground.forget_receipts()
        yield WorkerMemory(
            delivered=each * turn,
            per_second=rate(each, seconds),
            resident_mib=max(resident_mib(pid) for pid in workers),
            peak_mib=max(peak_mib(pid) for pid in workers),
            flaw="" if arrived == each else f"{each - arrived} of {each} were not settled",
        )
