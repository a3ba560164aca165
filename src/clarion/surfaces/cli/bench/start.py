"""How long a start takes: from the command to /readyz answering 200, in an empty directory and in a used one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from clarion.surfaces.cli.bench.measured import Extent, Meter
from clarion.surfaces.cli.bench.system import BenchSystem


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTime:
    """One start, `clarion up` with demo data and its own PostgreSQL and Valkey. Resolution: 0.1 s."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("start", "seconds to ready")

    kind: str
    seconds: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        return self.kind, f"{self.seconds:.1f}"


def measure_start(extent: Extent, meter: Meter) -> Iterator[StartTime]:
    """A cold start (cluster made, tables migrated, demo written), then a warm one on the same data."""
    system = BenchSystem({}, workers=extent.workers)
    meter.stage("cold start")
    started = time.monotonic()
    with system:
        system.wait_ready(_unheard)
        yield StartTime(kind="cold (empty directory)", seconds=time.monotonic() - started)
        system.halt()
        meter.stage("warm start")
        started = time.monotonic()
        system.start()
        system.wait_ready(_unheard)
        yield StartTime(kind="warm (same directory)", seconds=time.monotonic() - started)


def _unheard(text: str) -> None:
    """The bar says what is measured; the system's own stages are not shown."""
