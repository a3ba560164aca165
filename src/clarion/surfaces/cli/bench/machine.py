"""Where the figures were measured. Without this no figure means anything to anybody else."""

import os
import platform
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clarion.surfaces.cli.bench.orders import Stores

STEPS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """`load_before`: the load average of the last minute as the run began. `loop_ms`: a plain Python loop of a million
    steps, for comparing phases of a noisy machine. `stores`: None where no experiment needed them."""

    measured_at: datetime
    commit: str
    cores: int
    memory_gib: float
    system: str
    python: str
    load_before: float
    loop_ms: float
    stores: Stores | None = None

    def lines(self) -> list[str]:
        """For a person."""
        shown = [
            f"{self.measured_at:%Y-%m-%d %H:%M} UTC, commit {self.commit or 'unknown'}",
            f"{self.cores} cores, {self.memory_gib:.0f} GiB, {self.system}, Python {self.python}",
            f"load average before: {self.load_before:.2f}; a million loop steps: {self.loop_ms:.0f} ms",
        ]
        if self.stores is not None:
            stores = self.stores
            durable = f"fsync {stores.fsync}, synchronous_commit {stores.synchronous_commit}"
            shown.append(f"PostgreSQL {stores.postgresql} ({durable}), {stores.redis}")
        return [*shown, "Everything, load generator and sinks included, shares these cores: quote ratios of one run."]


def look_around() -> Environment:
    """The machine as it is now; the stores are filled in when they run."""
    return Environment(
        measured_at=datetime.now(UTC),
        commit=_commit(),
        cores=os.cpu_count() or 1,
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        load_before=os.getloadavg()[0],
        loop_ms=_loop_ms(),
    )


def _loop_ms() -> float:
    began = time.perf_counter()
    total = 0
    for step in range(STEPS):
        total += step
    return (time.perf_counter() - began) * 1000


def _commit() -> str:
    """The work tree's commit, `+` for changes; empty for an installed package."""
    root = next((parent for parent in Path(__file__).resolve().parents if (parent / ".git").exists()), None)
    if root is None:
        return ""
    commit, changes = _git(root, "rev-parse", "--short=12", "HEAD"), _git(root, "status", "--porcelain", "src")
    return f"{commit}+" if commit and changes else commit


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(("git", "-C", str(root), *words), capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
