"""What the gate costs a message in batches of 1,000: reading what people set, and deciding."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import Extent, Meter, percentile
from clarion.surfaces.cli.bench.orders import Gating

BATCH = 1_000
ROUNDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTime:
    """One of the things measured, in turns over the same batches."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("what", "batches", "p50 µs/message", "p95 µs/message")

    what: str
    batches: int
    p50_us: float
    p95_us: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        return self.what, str(self.batches), f"{self.p50_us:.1f}", f"{self.p95_us:.1f}"


def measure_gate(ground: Ground, extent: Extent, meter: Meter) -> Iterator[GateTime]:
    """One row for each thing that `inside_gate` measures."""
    people = ground.crowd(
        extent.gated, webhooks=False, advance=meter.stage(f"making {extent.gated} people", extent.gated)
    )
    meter.stage("batches at the gate")
    for what, times in ground.gating(Gating(people=people, batch=BATCH, rounds=ROUNDS)).items():
        yield GateTime(what=what, batches=len(times), p50_us=percentile(times, 0.5), p95_us=percentile(times, 0.95))
