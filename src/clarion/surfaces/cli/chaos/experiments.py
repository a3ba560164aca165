"""The list of experiments, and running some of them on one system."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from clarion.surfaces.cli.bench.experiments import Finding, OnGround, Run
from clarion.surfaces.cli.bench.ground import Ground, laid
from clarion.surfaces.cli.bench.machine import look_around
from clarion.surfaces.cli.bench.measured import Extent, Measured, Meter
from clarion.surfaces.cli.chaos import faults
from clarion.surfaces.cli.chaos.callers import Called, measure_callers
from clarion.surfaces.cli.chaos.course import Course, Outcome
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.resets import Reset, measure_resets
from clarion.surfaces.cli.chaos.troubles import Troubled, measure_troubles

__all__ = ["EXPERIMENTS", "Chaos", "Outcome", "run_chaos"]

# named, not imported: see bench.ground
SINKS = "clarion.testing.troubled_sinks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """An experiment: what it does, and what its rows are."""

    name: str
    title: str
    row: type[Measured]
    measure: Callable[[Ground, Plan, Meter], Iterator[Measured]]


def _course(course: Course) -> Chaos:
    return Chaos(name=course.name, title=f"Fault: {course.name}", row=Outcome, measure=course.run)


EXPERIMENTS = (
    _course(Course(name="flush", fault=faults.flush_redis)),
    _course(Course(name="redis", fault=faults.stop_redis)),
    _course(Course(name="restart", fault=faults.restart_workers, repeated=True, least_every=14.0)),
    _course(Course(name="postgres", fault=faults.kill_postgres, repeated=True, least_every=12.0)),
    _course(Course(name="kill", fault=faults.kill_worker, repeated=True)),
    _course(Course(name="pause", fault=faults.pause_worker)),
    _course(Course(name="cuts", fault=faults.cut_connections, repeated=True, least_every=6.0)),
    _course(Course(name="wires", fault=faults.cut_wires, hasty=True)),
    Chaos(name="provider", title="Providers in trouble", row=Troubled, measure=measure_troubles),
    Chaos(name="reset", title="Taken, then reset", row=Reset, measure=measure_resets),
    Chaos(name="callers", title="Many callers, the same keys", row=Called, measure=measure_callers),
)


def run_chaos(names: Sequence[str], plan: Plan, meter: Meter) -> Run:
    """Those named, in the order of the list, on one system. Raises BenchFailed, DemoFailed and ApiError."""
    extent = Extent(singles=0, seconds=0, backlog=plan.number, workers=plan.workers)
    environment = look_around()
    with ExitStack() as stack:
        ground = stack.enter_context(laid(extent, meter, SINKS))
        environment = replace(environment, stores=ground.stores)
        findings: list[Finding] = []
        for chaos in (each for each in EXPERIMENTS if each.name in names):
            rows = tuple(chaos.measure(ground, plan, meter))
            _add(findings, chaos, rows, plan)
        meter.stage("stopping")
    return Run(environment=environment, extent=extent, findings=tuple(findings))


def _add(findings: list[Finding], chaos: Chaos, rows: tuple[Measured, ...], plan: Plan) -> None:
    """One table for all rows of a kind."""
    last = findings[-1] if findings else None
    if last is not None and last.experiment.row is chaos.row:
        findings[-1] = replace(last, rows=(*last.rows, *rows))
        return
    title = f"Faults on purpose, seed {plan.seed}" if chaos.row is Outcome else f"{chaos.title}, seed {plan.seed}"
    name = "chaos" if chaos.row is Outcome else chaos.name
    table = OnGround(name=name, title=title, row=chaos.row, measure=_measured_already)
    findings.append(Finding(experiment=table, rows=rows))


def _measured_already(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Measured]:
    yield from ()
