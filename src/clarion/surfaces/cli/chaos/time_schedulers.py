"""The second part of `clarion chaos time`: many processes close the same digests at the same time, and die while they
do; every mail is told of in one digest."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from clarion.embedded.child import Child, ChildSpec
from clarion.records.crashing import Point
from clarion.surfaces.cli.bench.ground import reference
from clarion.surfaces.cli.bench.measured import BenchFailed, Meter
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.system import BenchSystem
from clarion.surfaces.cli.chaos.time_orders import Await, Close, Count, Counted, Fill, Filled, Open
from clarion.surfaces.cli.demo_system import STOP_SECONDS, DemoFailed, demo_environment

INSIDE = "clarion.surfaces.cli.chaos.time_inside"
LEAD = timedelta(seconds=3)
PATIENCE_SECONDS = 120.0
HEAR_SECONDS = 300.0
START_SECONDS = 180.0
WATCH_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulersOutcome:
    """`processes` close windows beside the system's own scheduler; `killed`: at the crash point, and at any moment."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "processes", "killed", "mails", "digests", "told", "twice", "lost", "idle", "early", "s",
    )  # fmt: skip

    processes: int
    killed: int
    mails: int
    people: int
    digests: int
    told: int
    twice: int
    lost: int
    idle: int
    early: int
    left: int
    seconds: float

    @property
    def flaw(self) -> str:
        """What breaks the promise; empty when it was kept."""
        broken = {
            "told of twice": self.twice,
            "lost": self.lost,
            "empty digests": self.idle,
            "early": self.early,
            "windows left": self.left,
            "digests too many or too few": abs(self.digests - self.people),
        }
        said = [f"{number} {name}" for name, number in broken.items() if number]
        return f"schedulers: {', '.join(said)}" if said else ""

    def cells(self) -> tuple[str, ...]:
        counts = (self.processes, self.killed, self.mails, self.digests, self.told, self.twice, self.lost, self.idle)
        return *(str(count) for count in counts), str(self.early), f"{self.seconds:.1f}"


class BareSystem(BenchSystem):
    """A system without demo data. Use as a context manager; `wait_answering` follows."""

    def start(self) -> None:
        port = self.base_url.rpartition(":")[2]
        options = ("--port", port, "--data-dir", str(self.data_dir), "--workers", "1", "--no-demo")
        spec = ChildSpec(
            name="up",
            argv=(sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "up", *options),
            environment=demo_environment(),
            stop_signals=(signal.SIGINT, signal.SIGTERM),
            grace_seconds=STOP_SECONDS,
        )
        self._child = Child(spec, self._log.fileno())

    def wait_answering(self) -> None:
        """Wait until it answers. Raises DemoFailed."""
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            ended = self._child is not None and self._child.exit_code is not None
            if ended or time.monotonic() > deadline:
                raise DemoFailed(f"The system did not start. Its last lines:\n{self._last_lines(15)}")
            time.sleep(0.2)


def prove_schedulers(
    *, people: int, mails: int, processes: int, kills: int, seed: int, meter: Meter
) -> Iterator[SchedulersOutcome]:
    """Fill the windows of so many people, let them all close at one moment, and have so many processes at them of which
    so many are killed. Raises BenchFailed and DemoFailed."""
    with ExitStack() as stack:
        meter.stage("starting the system")
        system = stack.enter_context(BareSystem({}))
        system.wait_answering()
        inside = stack.enter_context(SideProcess(INSIDE, demo_environment()))
        _ask(inside, Open(data_dir=str(system.data_dir)))
        mark = reference()
        meter.stage("collecting")
        number = _ask(inside, Fill(people=people, mails=mails, mark=mark))
        if _ask(inside, Await(mark=mark, number=number, seconds=PATIENCE_SECONDS)) < number:
            raise BenchFailed("The workers did not collect the mails in time.")
        at = datetime.now(UTC) + LEAD
        _ask(inside, Close(at=at))
        meter.stage("closing")
        began = time.monotonic()
        killed = _killing(system, processes, kills, random.Random(seed), at)  # noqa: S311 -- is to be repeatable
        inside.tell(Count(mark=mark, at=at, seconds=PATIENCE_SECONDS))
        counted = inside.hear(Counted, HEAR_SECONDS)
        yield _outcome(counted, people, processes, killed, time.monotonic() - began)


def _ask(inside: SideProcess, order: object) -> int:
    inside.tell(order)
    return inside.hear(Filled, HEAR_SECONDS).number


def _outcome(counted: Counted, people: int, processes: int, killed: int, seconds: float) -> SchedulersOutcome:
    return SchedulersOutcome(
        processes=processes,
        killed=killed,
        mails=counted.mails,
        people=people,
        digests=counted.digests,
        told=counted.told,
        twice=counted.twice,
        lost=counted.untold,
        idle=counted.idle,
        early=counted.early,
        left=counted.left,
        seconds=seconds,
    )


def _killing(system: BareSystem, processes: int, kills: int, rng: random.Random, at: datetime) -> int:
    """Keep so many schedulers running until so many have died; returns how many have. Every other one dies at the
    crash point by itself, the rest at a moment of ours."""
    killed = 0
    with ExitStack() as stack:
        running = [stack.enter_context(_scheduler(system, rng, number)) for number in range(processes)]
        deadline = time.monotonic() + PATIENCE_SECONDS
        strike = time.monotonic() + (at - datetime.now(UTC)).total_seconds()
        while killed < kills and time.monotonic() < deadline:
            time.sleep(WATCH_SECONDS)
            if time.monotonic() >= strike:
                os.kill(rng.choice(running).pid, signal.SIGKILL)
                strike += rng.uniform(0.3, 1.2)
            for place, process in enumerate(running):
                if process.poll() is not None:
                    killed += 1
                    running[place] = stack.enter_context(_scheduler(system, rng, killed))
    return killed


def _scheduler(
    system: BareSystem, rng: random.Random, number: int
) -> "AbstractContextManager[subprocess.Popen[bytes]]":
    armed = {"CLARION_CHAOS": "1", "CLARION_CRASH_POINT": f"{Point.GROUP_CLOSING}:hit={rng.randint(1, 40)}:mode=kill"}
    return _started(system, armed if number % 2 == 0 else {})


@contextmanager
def _started(system: BareSystem, environment: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    """A scheduler, ended afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", INSIDE, str(system.data_dir)],
        env={**demo_environment(), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdin is not None:
            process.stdin.close()
