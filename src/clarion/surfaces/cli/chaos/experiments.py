"""The experiments, and the course of one: send, hurt, wait for the full drain, compare the two ledgers."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import ClassVar

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.experiments import Finding, OnGround, Run
from clarion.surfaces.cli.bench.ground import Ground, laid
from clarion.surfaces.cli.bench.machine import look_around
from clarion.surfaces.cli.bench.measured import Extent, Meter
from clarion.surfaces.cli.chaos import faults
from clarion.surfaces.cli.chaos.faults import Blow, Fault
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.senders import Senders, Wave
from clarion.surfaces.cli.chaos.verdict import Taken, judge
from clarion.surfaces.cli.chaos.victims import Victims, log_path

SENDERS = 4
FIRST_WAVE_SECONDS = 2.0
BETWEEN_SECONDS = 2.5
# beat rings once a second, and half a thousand are sent in less than half of one
HIT_WITHIN_SECONDS = 1.3
# so long they go on sending after the last wave: through the time in which something is down
TAIL_SECONDS = 4.0
DRAIN_SECONDS = 90.0
QUIET_SECONDS = 1.0
UUID_IN = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One experiment. `refused`: answers other than 201, asked again with the same key; `slowest`: the longest answer.
    The rest is verdict.Verdict's."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "fault",
        "hits",
        "acked",
        "lost",
        "doubled",
        "bound",
        "outside",
        "refused",
        "slowest s",
        "stall s",
        "seconds",
    )

    fault: str
    seed: int
    hits: int
    acknowledged: int
    taken: int
    lost: int
    phantoms: int
    doubled: int
    bound: int
    outside: int
    refused: int
    given_up: int
    slowest_seconds: float
    stall_seconds: float
    undrained: int
    stuck: int
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
            "workers did not end when asked": self.stuck,
        }
        said = [f"{number} {name}" for name, number in broken.items() if number]
        return ", ".join(said) + f" (seed {self.seed})" if said else ""

    def cells(self) -> tuple[str, ...]:
        counts = (self.hits, self.acknowledged, self.lost, self.doubled, self.bound, self.outside, self.refused)
        times = (self.slowest_seconds, self.stall_seconds, self.seconds)
        return self.fault, *(str(count) for count in counts), *(f"{each:.1f}" for each in times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """An experiment: which fault; `repeated`: as often as the plan has kills, else once."""

    name: str
    fault: Fault
    repeated: bool = False


EXPERIMENTS = (
    Chaos(name="flush", fault=faults.flush_redis),
    Chaos(name="redis", fault=faults.stop_redis),
    Chaos(name="restart", fault=faults.restart_workers),
    Chaos(name="postgres", fault=faults.kill_postgres),
    Chaos(name="kill", fault=faults.kill_worker, repeated=True),
)


def run_chaos(names: Sequence[str], plan: Plan, meter: Meter) -> Run:
    """Those named, in the order of the list, on one system. Raises BenchFailed, DemoFailed and ApiError."""
    extent = Extent(singles=0, seconds=0, backlog=plan.number, workers=plan.workers)
    environment = look_around()
    with ExitStack() as stack:
        ground = stack.enter_context(laid(extent, meter))
        environment = replace(environment, stores=ground.stores)
        chosen = [chaos for chaos in EXPERIMENTS if chaos.name in names]
        rows = tuple(_one(ground, chaos, plan, meter) for chaos in chosen)
        meter.stage("stopping")
    title = f"Faults on purpose, seed {plan.seed}"
    table = OnGround(name="chaos", title=title, row=Outcome, measure=_measured_already)
    return Run(environment=environment, extent=extent, findings=(Finding(experiment=table, rows=rows),))


def _measured_already(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Outcome]:
    yield from ()


def _one(ground: Ground, chaos: Chaos, plan: Plan, meter: Meter) -> Outcome:
    began = time.time()
    rng = random.Random(f"{plan.seed} {chaos.name}")  # noqa: S311 -- is to be repeatable
    ground.forget_receipts()
    waves = [
        Wave(due=began + FIRST_WAVE_SECONDS + BETWEEN_SECONDS * place)
        for place in range(plan.kills if chaos.repeated else 1)
    ]
    victims = Victims(system=ground.system)
    log = log_path(ground.system, chaos.name)
    senders = Senders(url=ground.base_url, authorization=ground.authorization, people=ground.people, log=log)
    meter.stage(f"{chaos.name}: sending {plan.number}, {len(waves)} times {chaos.name}")
    senders.start(number=plan.number, threads=SENDERS, waves=waves, until=waves[-1].due + TAIL_SECONDS)
    blows = [_strike(chaos.fault, victims, rng, wave) for wave in waves]
    acknowledged = senders.finish()
    undrained = _drain(victims, meter, chaos.name)
    taken = _taken(ground)
    verdict = judge(acknowledged, taken, [blow.window for blow in blows if blow.window is not None])
    return Outcome(
        fault=chaos.name,
        seed=plan.seed,
        hits=sum(blow.hits for blow in blows),
        acknowledged=len(acknowledged),
        taken=len(taken),
        lost=verdict.lost,
        phantoms=verdict.phantoms,
        doubled=verdict.doubled,
        bound=verdict.bound,
        outside=verdict.outside,
        refused=senders.tally.refused,
        given_up=senders.tally.given_up,
        slowest_seconds=senders.tally.slowest,
        stall_seconds=verdict.stall,
        undrained=undrained,
        stuck=sum(blow.stuck for blow in blows),
        seconds=time.time() - began,
    )


def _strike(fault: Fault, victims: Victims, rng: random.Random, wave: Wave) -> Blow:
    """Somewhere in the time in which the wave is sent."""
    time.sleep(max(0.0, wave.due + rng.uniform(0.0, HIT_WITHIN_SECONDS) - time.time()))
    return fault(victims, rng)


def _drain(victims: Victims, meter: Meter, name: str) -> int:
    """Wait until nothing is left to do, and a moment more for copies on their way; how many were left at the end."""
    meter.stage(f"{name}: waiting for the full drain")
    deadline = time.monotonic() + DRAIN_SECONDS
    while (waiting := victims.waiting()) != 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(QUIET_SECONDS)
    return waiting if waiting is not None else -1


def _taken(ground: Ground) -> list[Taken]:
    """Both sinks' ledgers, by notification: a mail's Message-ID and a webhook-id hold its id."""
    receipts = [*ground.receipts(ChannelKey.EMAIL), *ground.receipts(ChannelKey.WEBHOOK)]
    return [Taken(id=_notification_of(receipt.id), at=receipt.at) for receipt in receipts]


def _notification_of(identifier: str) -> str:
    found = UUID_IN.search(identifier)
    return found[0] if found else identifier
