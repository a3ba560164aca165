"""How long rendering a mail takes, in a process as a worker is, beside Jinja2 without sandbox and limits."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter
from clarion.surfaces.cli.bench.render_inside import Inside, Times

INSIDE = "clarion.surfaces.cli.bench.render_inside"
PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTime:
    """Subject, preheader, HTML and text of one mail. `times` is the median beside that of plain Jinja2."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("rendering", "source", "result", "median ms", "p99 ms", "p99 CPU ms", "x")

    kind: str
    source_bytes: int
    mail_bytes: int
    median_ms: float
    p99_ms: float
    p99_cpu_ms: float
    times: float
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        sizes = f"{self.source_bytes} B", f"{self.mail_bytes} B"
        figures = (f"{self.median_ms:.3f}", f"{self.p99_ms:.3f}", f"{self.p99_cpu_ms:.3f}", f"{self.times:.2f}")
        return self.kind, *sizes, *figures


def measure_render(extent: Extent, meter: Meter) -> Iterator[RenderTime]:
    """Clarion's engine, plain Jinja2, and Clarion's with what the email channel then builds and checks."""
    meter.stage(f"rendering {extent.renderings} mails each way")
    found = _inside(extent.renderings)
    flaw = "" if found.same else "the two engines wrote different mails"
    yield _row("Clarion", found.clarion, found, flaw)
    yield _row("plain Jinja2", found.jinja, found)
    yield _row("Clarion, and built", found.built, found)


def _row(kind: str, times: Times, found: Inside, flaw: str = "") -> RenderTime:
    return RenderTime(
        kind=kind,
        source_bytes=found.source_bytes,
        mail_bytes=found.mail_bytes,
        median_ms=round(times.median_ms, 4),
        p99_ms=round(times.p99_ms, 4),
        p99_cpu_ms=round(times.p99_cpu_ms, 4),
        times=round(times.median_ms / found.jinja.median_ms, 2) if found.jinja.median_ms else 0.0,
        flaw=flaw,
    )


def _inside(number: int) -> Inside:
    command = [sys.executable, "-m", INSIDE, str(number)]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS, check=False)
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise BenchFailed(f"The process that renders failed: {words[-1] if words else done.returncode}")
    return msgspec.json.decode(done.stdout, type=Inside)
