"""How fast a bulk call takes a list in, and what memory that takes the web process. Nothing falls due meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.bulk_call import bulk_body, call_bulk
from clarion.surfaces.cli.bench.children import children_of, forget_peak, peak_mib, resident_mib
from clarion.surfaces.cli.bench.ground import Ground, reference
from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter, rate

WARM_UP = 1_000
WEB = "uvicorn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """One call with n recipients, answered with 202: all durable. `peak_mib`: the most the web process had resident
    meanwhile, `before_mib` what it had before."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("recipients", "seconds", "per second", "body MB", "peak MiB", "before")

    recipients: int
    seconds: float
    per_second: float
    body_bytes: int
    peak_mib: float
    before_mib: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        memory = (f"{self.peak_mib:.0f}", f"{self.before_mib:.0f}")
        size = f"{self.body_bytes / 1e6:.1f}"
        return str(self.recipients), f"{self.seconds:.2f}", f"{self.per_second:.0f}", size, *memory


def measure_ingest(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Ingest]:
    """One row for each length of list."""
    most = max(extent.lists)
    people = ground.crowd(most, webhooks=False, advance=meter.stage("making people", most))
    web = children_of(ground.system.pid, WEB)
    if not web:
        raise BenchFailed("The web process was not found; this experiment needs Linux's /proc.")
    for number in (WARM_UP, *extent.lists):
        meter.stage(f"bulk call with {number} recipients")
        due = datetime.now(UTC) + timedelta(days=1)
        forget_peak(web[0])
        before = resident_mib(web[0])
        body = bulk_body(ChannelKey.IN_APP, people[:number], reference(), scheduled_at=due)
        called = call_bulk(ground, body, min(number, len(people)))
        if number == WARM_UP:
            continue
        yield Ingest(
            recipients=number,
            seconds=called.seconds,
            per_second=rate(number, called.seconds),
            body_bytes=called.size,
            peak_mib=peak_mib(web[0]),
            before_mib=before,
        )
