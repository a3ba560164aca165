"""`clarion chaos points`: a process of a real system is hit at each crash point, and what came of it is judged from
outside. The course of one case is here; the cases, the ground, the client and the loads are in `point_….py`."""

import os
import random
import signal
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from clarion.records.crashing import Mode, Plan, Point
from clarion.records.ledger.queue import LEASE
from clarion.surfaces.cli.bench.children import children_of
from clarion.surfaces.cli.bench.experiments import Finding, OnGround, Run
from clarion.surfaces.cli.bench.machine import look_around
from clarion.surfaces.cli.bench.measured import Extent, Meter
from clarion.surfaces.cli.chaos.point_calls import Client
from clarion.surfaces.cli.chaos.point_cases import CASES, Case, Load
from clarion.surfaces.cli.chaos.point_ground import PointGround, laid_for_points
from clarion.surfaces.cli.chaos.point_loads import CHANNELS, calls_of, evidence_of, wait_for_jobs
from clarion.surfaces.cli.chaos.verdict import Window, judge
from clarion.surfaces.cli.chaos.victims import Victims

REACH_SECONDS = 30.0
# longer than a lease lasts: who is stopped loses its work to others before it wakes
STOPPED_SECONDS = 34.0
# what a worker was told and had not written: it settles in groups or after a second
UNSETTLED_SECONDS = 1.5
STRUCK_SECONDS = 0.2
AFTERMATH_SECONDS = 2.0
DRAIN_SECONDS = 90.0
QUIET_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PointOutcome:
    """One case. `bound`: how many messages were first taken while what happened to them was in doubt, the most that may
    be doubled; `outside`: doubles that this does not explain; `refused`: calls that were made again."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("point", "hit", "acked", "lost", "twice", "bound", "outside", "stall s")

    point: Point
    load: str
    mode: Mode
    hit: int
    seed: int
    reached: bool
    acknowledged: int
    taken: int
    lost: int
    phantoms: int
    doubled: int
    bound: int
    outside: int
    refused: int
    given_up: int
    undrained: int
    stall_seconds: float
    seconds: float

    @property
    def flaw(self) -> str:
        """What breaks the promise; empty when it was kept."""
        broken = {
            "lost": self.lost,
            "doubled without a cause": self.outside,
            "taken but never acknowledged": self.phantoms,
            "not accepted within a minute": self.given_up,
            "still waiting at the end": self.undrained,
            "time not reached": int(not self.reached),
        }
        said = [f"{number} {name}" for name, number in broken.items() if number]
        return f"{self.point} {self.mode}: {', '.join(said)} (seed {self.seed})" if said else ""

    def cells(self) -> tuple[str, ...]:
        """As narrow as a terminal; the rest is in the JSON."""
        point = f"{self.point} {self.load}" if self.point is Point.BULK_CHUNK_STORED else self.point
        counts = (self.acknowledged, self.lost, self.doubled, self.bound, self.outside)
        return point, f"{self.mode} {self.hit}", *(str(count) for count in counts), f"{self.stall_seconds:.1f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which points and modes (none: all), how many notifications a case sends, worker processes, and the seed."""

    points: Collection[Point] = ()
    modes: Collection[Mode] = ()
    number: int = 60
    workers: int = 2
    seed: int = 0

    def cases(self) -> list[tuple[Case, Mode]]:
        """In the order of the list. A mode that a point does not have by itself may be asked for."""
        chosen = [case for case in CASES if not self.points or case.point in self.points]
        return [(case, mode) for case in chosen for mode in (self.modes or case.modes)]


def run_points(wanted: Wanted, meter: Meter) -> Run:
    """Every case that is wanted, each on a system started for it. Raises BenchFailed, DemoFailed and ApiError."""
    environment = look_around()
    extent = Extent(singles=0, seconds=0, backlog=wanted.number, workers=wanted.workers)
    rows: list[PointOutcome] = []
    cases = wanted.cases()
    many = any(case.load is Load.LIST for case, _ in cases)
    with laid_for_points(wanted.workers, meter, many=many) as ground:
        environment = replace(environment, stores=ground.stores)
        for place, (case, mode) in enumerate(cases, start=1):
            meter.stage(f"{place} of {len(cases)}: {case.point}, {mode}")
            rows.append(_one(ground, case, mode, wanted))
        meter.stage("stopping")
    title = f"Crash points, seed {wanted.seed}"
    table = OnGround(name="points", title=title, row=PointOutcome, measure=lambda *_: iter(()))
    return Run(environment=environment, extent=extent, findings=(Finding(experiment=table, rows=tuple(rows)),))


def _one(ground: PointGround, case: Case, mode: Mode, wanted: Wanted) -> PointOutcome:
    rng = random.Random(f"{wanted.seed} {case.point} {case.load} {mode}")  # noqa: S311 -- is to be repeatable
    channel = rng.choice(CHANNELS)
    plan = Plan(point=case.point, hit=rng.randint(case.least, case.most), mode=mode, note=ground.note())
    ground.system.restart(plan)
    ground.system.wait_ready(lambda _: None)
    ground.forget()
    began = time.time()
    log = Path(f"{plan.note}.calls")
    with Client(url=ground.system.base_url, authorization=ground.authorization, log=log) as client:
        finish = client.start(calls_of(case.load, ground, client, wanted.number, channel))
        blow = _await_blow(ground, plan, mode)
        answers = finish()
        wait_for_jobs(case.load, answers, client, lambda: time.sleep(0.2))
        undrained = _drained(ground)
        evidence = evidence_of(case.load, answers, ground, client)
    doubtful = blow is not None and mode in (*case.ambiguous, *_always_doubtful(case))
    verdict = judge(evidence.acknowledged, evidence.taken, blow if blow is not None and doubtful else [])
    return PointOutcome(
        point=case.point,
        load=channel if case.load is Load.STEADY else case.load,
        mode=mode,
        hit=plan.hit,
        seed=wanted.seed,
        reached=blow is not None,
        acknowledged=len(evidence.acknowledged),
        taken=len(evidence.taken),
        lost=verdict.lost,
        phantoms=verdict.phantoms,
        doubled=verdict.doubled,
        bound=verdict.bound,
        outside=verdict.outside,
        refused=client.tally.refused,
        given_up=client.tally.given_up,
        undrained=undrained,
        stall_seconds=verdict.stall,
        seconds=time.time() - began,
    )


def _always_doubtful(case: Case) -> Sequence[Mode]:
    """Where a death is ambiguous, so is every other way to be hit."""
    return tuple(Mode) if Mode.KILL in case.ambiguous else ()


def _await_blow(ground: PointGround, plan: Plan, mode: Mode) -> list[Window] | None:
    """Wait for the point to be reached, wake who was stopped there, and say which times were in doubt: the moment of
    the blow, and where somebody slept, when others took over and when it woke. None: it was not reached."""
    note = Path(f"{plan.note}.1")
    deadline = time.monotonic() + REACH_SECONDS
    while not note.exists():
        if time.monotonic() > deadline:
            return None
        time.sleep(0.02)
    at = note.stat().st_mtime
    struck = Window(begins=at - UNSETTLED_SECONDS, ends=at + STRUCK_SECONDS)
    if mode is not Mode.STOP:
        return [struck]
    time.sleep(max(0.0, at + STOPPED_SECONDS - time.time()))
    _wake(ground, note)
    return [struck, Window(begins=at + LEASE.total_seconds() - 1, ends=time.time() + AFTERMATH_SECONDS)]


def _wake(ground: PointGround, note: Path) -> None:
    pid = int(note.read_text("ascii").strip() or "0")
    if pid in children_of(ground.system.pid, ""):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _drained(ground: PointGround) -> int:
    """Wait until nothing is left to do, and a moment more for copies on their way; how many were left at the end."""
    victims = Victims(system=ground.system)
    deadline = time.monotonic() + DRAIN_SECONDS
    while (waiting := victims.waiting()) != 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(QUIET_SECONDS)
    return waiting if waiting is not None else -1
