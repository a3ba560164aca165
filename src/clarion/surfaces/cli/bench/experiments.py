"""The list of experiments, and running some of them in one go."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from clarion.surfaces.cli.bench.backlog import ClaimTime, measure_backlog
from clarion.surfaces.cli.bench.compare import Compared, measure_compare
from clarion.surfaces.cli.bench.deliver import Drained, measure_delivery
from clarion.surfaces.cli.bench.gate import GateTime, measure_gate
from clarion.surfaces.cli.bench.ground import Ground, laid
from clarion.surfaces.cli.bench.ingest import Ingest, measure_ingest
from clarion.surfaces.cli.bench.latency import Latency, measure_latency
from clarion.surfaces.cli.bench.machine import Environment, look_around
from clarion.surfaces.cli.bench.measured import Extent, Measured, Meter
from clarion.surfaces.cli.bench.memory import WorkerMemory, measure_memory
from clarion.surfaces.cli.bench.providers import HandedOver, measure_providers
from clarion.surfaces.cli.bench.realtime import Live, measure_realtime
from clarion.surfaces.cli.bench.render import RenderTime, measure_render
from clarion.surfaces.cli.bench.send import SendRate, measure_send
from clarion.surfaces.cli.bench.start import StartTime, measure_start
from clarion.surfaces.cli.bench.upload import Uploaded, measure_upload
from clarion.surfaces.cli.bench.urgent import Urgent, measure_urgent


@dataclass(frozen=True, slots=True, kw_only=True)
class OnGround:
    """An experiment on a running system; all of a run share one."""

    name: str
    title: str
    row: type[Measured]
    measure: Callable[[Ground, Extent, Meter], Iterator[Measured]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """An experiment that starts what it needs itself, before the shared system is there."""

    name: str
    title: str
    row: type[Measured]
    measure: Callable[[Extent, Meter], Iterator[Measured]]


Experiment = OnGround | Alone

EXPERIMENTS: tuple[Experiment, ...] = (
    Alone(name="start", title="Start of the whole system", row=StartTime, measure=measure_start),
    OnGround(name="latency", title="One notification, system idle", row=Latency, measure=measure_latency),
    OnGround(name="send", title="POST /notifications/send, workers running", row=SendRate, measure=measure_send),
    OnGround(name="deliver", title="Delivery of a backlog", row=Drained, measure=measure_delivery),
)

LONGER: tuple[Experiment, ...] = (
    OnGround(name="compare", title="Beside the textbook design, in turns", row=Compared, measure=measure_compare),
    OnGround(name="ingest", title="POST /notifications/bulk", row=Ingest, measure=measure_ingest),
    OnGround(name="upload", title="POST /notifications/bulk/upload", row=Uploaded, measure=measure_upload),
    OnGround(name="urgent", title="Critical email behind a low backlog", row=Urgent, measure=measure_urgent),
    OnGround(name="memory", title="A worker's memory over many emails", row=WorkerMemory, measure=measure_memory),
    Alone(name="render", title="Rendering a designed email", row=RenderTime, measure=measure_render),
    OnGround(name="realtime", title="WebSockets", row=Live, measure=measure_realtime),
    Alone(name="providers", title="Providers against stand-ins", row=HandedOver, measure=measure_providers),
    OnGround(name="gate", title="The gate, in batches of 1,000", row=GateTime, measure=measure_gate),
    OnGround(name="backlog", title="A claim behind a backlog", row=ClaimTime, measure=measure_backlog),
)
"""Asked for one by one: a minute or more each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An experiment's rows."""

    experiment: Experiment
    rows: tuple[Measured, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything one run found."""

    environment: Environment
    extent: Extent
    findings: tuple[Finding, ...]

    @property
    def flaws(self) -> list[str]:
        """What makes figures of this run worthless."""
        return [f"{f.experiment.name}: {row.flaw}" for f in self.findings for row in f.rows if row.flaw]


def run_experiments(names: Sequence[str], extent: Extent, meter: Meter) -> Run:
    """Those named, in the order of the list. Raises BenchFailed, DemoFailed and ApiError."""
    environment = look_around()
    chosen = [experiment for experiment in (*EXPERIMENTS, *LONGER) if experiment.name in names]
    findings: list[Finding] = []
    with ExitStack() as stack:
        ground: Ground | None = None
        for experiment in chosen:
            if isinstance(experiment, Alone):
                rows = tuple(experiment.measure(extent, meter))
            else:
                ground = ground or stack.enter_context(laid(extent, meter))
                environment = replace(environment, stores=ground.stores)
                rows = tuple(experiment.measure(ground, extent, meter))
            findings.append(Finding(experiment=experiment, rows=rows))
        meter.stage("stopping")
    return Run(environment=environment, extent=extent, findings=tuple(findings))
