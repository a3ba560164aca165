"""What a claim costs behind a backlog: the same, if the queue is right."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import Extent, Meter, percentile
from clarion.surfaces.cli.bench.orders import Claims

ROUNDS = 20
LIMIT = 500
CALLERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimTime:
    """One claim of 500 due entries of ten callers. `ratio`: the median to that behind the smallest backlog."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("backlog", "claims", "p50 ms", "worst ms", "ratio")

    backlog: int
    claims: int
    p50_ms: float
    worst_ms: float
    ratio: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        shown = (f"{self.p50_ms:.1f}", f"{self.worst_ms:.1f}", f"{self.ratio:.2f}")
        return str(self.backlog), str(self.claims), *shown


def measure_backlog(ground: Ground, extent: Extent, meter: Meter) -> Iterator[ClaimTime]:
    """One row for each length; the first also makes ready what only the first claim pays for."""
    first = 0.0
    ground.claims(Claims(backlog=LIMIT, rounds=6, limit=LIMIT, callers=CALLERS))
    for backlog in extent.backlogs:
        meter.stage(f"claims behind {backlog}")
        times = ground.claims(Claims(backlog=backlog, rounds=ROUNDS, limit=LIMIT, callers=CALLERS))
        median = percentile(times, 0.5)
        first = first or median
        yield ClaimTime(
            backlog=backlog,
            claims=len(times),
            p50_ms=median,
            worst_ms=max(times),
            ratio=median / first if first else 0.0,
        )
