"""The course of an experiment with a fault: send, hurt, wait for the full drain, compare the two ledgers."""

import random
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import Meter
from clarion.surfaces.cli.chaos.categories import category
from clarion.surfaces.cli.chaos.faults import Blow, Fault
from clarion.surfaces.cli.chaos.list_senders import LIST, ListSenders
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.senders import Senders, Wave
from clarion.surfaces.cli.chaos.verdict import Taken, judge, recovery
from clarion.surfaces.cli.chaos.victims import Victims, log_path

FIRST_WAVE_SECONDS = 2.0
# beat rings once a second, and half a thousand are sent in less than half of one
HIT_WITHIN_SECONDS = 1.3
# so long they go on sending after the last wave: through the time in which something is down
TAIL_SECONDS = 4.0
DRAIN_SECONDS = 150.0
QUIET_SECONDS = 1.0
UUID_IN = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One experiment. `refused`: answers other than 201, asked again with the same key; `slowest`: the longest answer;
    `again` and `waited`: verdict.Recovery's first and last. The rest is verdict.Verdict's."""

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
        "gap s",
        "again s",
        "waited s",
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
    gap_seconds: float
    again_seconds: float
    waited_seconds: float
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
        waits = (self.slowest_seconds, self.stall_seconds, self.gap_seconds)
        times = (*waits, self.again_seconds, self.waited_seconds, self.seconds)
        return self.fault, *(str(count) for count in counts), *(f"{each:.1f}" for each in times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Which fault, under which name; `repeated`: as often as the plan has kills, else once; `least_every`: so many
    seconds lie between two at least, for what was hit to be back; `hasty`: what fails is tried again after two seconds
    and not after half a minute."""

    name: str
    fault: Fault
    repeated: bool = False
    least_every: float = 0.0
    hasty: bool = False

    def run(self, ground: Ground, plan: Plan, meter: Meter) -> Iterator[Outcome]:
        """The whole course; one row."""
        began = time.time()
        rng = random.Random(f"{plan.seed} {self.name}")  # noqa: S311 -- is to be repeatable
        ground.forget_receipts()
        waves = [
            Wave(due=began + FIRST_WAVE_SECONDS + max(plan.every, self.least_every) * place)
            for place in range(plan.kills if self.repeated else 1)
        ]
        victims = Victims(system=ground.system, ground=ground)
        if plan.lists:
            senders: Senders | ListSenders = _list_senders(ground, self.name, victims, meter)
        else:
            senders = _senders(ground, self.name, category(ground, "chaos-hasty") if self.hasty else "")
        advance = meter.stage(f"{self.name}: sending {plan.number}, {len(waves)} times {self.name}", len(waves))
        senders.start(number=plan.number, threads=plan.senders, waves=waves, until=waves[-1].due + TAIL_SECONDS)
        blows = []
        for place, wave in enumerate(waves, start=1):
            blows.append(_strike(self.fault, victims, rng, wave, plan))
            advance(place)
        acknowledged = senders.finish()
        undrained = drain(victims, meter, self.name)
        taken = taken_by(ground)
        verdict = judge(acknowledged, taken, [blow.window for blow in blows if blow.window is not None])
        recovered = recovery([blow.back_at for blow in blows if blow.back_at is not None], acknowledged, taken)
        yield Outcome(
            fault=self.name,
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
            gap_seconds=verdict.gap,
            again_seconds=recovered.first,
            waited_seconds=recovered.last,
            undrained=undrained,
            stuck=sum(blow.stuck for blow in blows),
            seconds=time.time() - began,
        )


def _senders(ground: Ground, name: str, category_key: str) -> Senders:
    return Senders(
        url=ground.base_url,
        authorization=ground.authorization,
        people=ground.people,
        log=log_path(ground.system, name),
        category=category_key,
    )


def _list_senders(ground: Ground, name: str, victims: Victims, meter: Meter) -> ListSenders:
    return ListSenders(
        url=ground.base_url,
        authorization=ground.authorization,
        people=ground.crowd(LIST, webhooks=True, advance=meter.stage(f"{name}: making people", LIST)),
        log=log_path(ground.system, name),
        victims=victims,
        began=time.time(),
    )


def _strike(fault: Fault, victims: Victims, rng: random.Random, wave: Wave, plan: Plan) -> Blow:
    """Somewhere in the time in which the wave is sent."""
    time.sleep(max(0.0, wave.due + rng.uniform(0.0, HIT_WITHIN_SECONDS) - time.time()))
    return fault(victims, rng, plan)


def drain(victims: Victims, meter: Meter, name: str, seconds: float = DRAIN_SECONDS) -> int:
    """Wait until nothing is left to do, and a moment more for copies on their way; how many were left at the end."""
    meter.stage(f"{name}: waiting for the full drain")
    deadline = time.monotonic() + seconds
    while (waiting := victims.waiting()) != 0 and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(QUIET_SECONDS)
    return waiting if waiting is not None else -1


def taken_by(ground: Ground) -> list[Taken]:
    """Both sinks' ledgers, by notification: a mail's Message-ID and a webhook-id hold its id."""
    receipts = [*ground.receipts(ChannelKey.EMAIL), *ground.receipts(ChannelKey.WEBHOOK)]
    return [Taken(id=_notification_of(receipt.id), at=receipt.at) for receipt in receipts]


def copies_of(taken: Sequence[Taken]) -> dict[str, int]:
    """How often each notification was taken."""
    copies: dict[str, int] = {}
    for each in taken:
        copies[each.id] = copies.get(each.id, 0) + 1
    return copies


def _notification_of(identifier: str) -> str:
    found = UUID_IN.search(identifier)
    return found[0] if found else identifier
