"""Providers in trouble: bursts in which they refuse everything. Does anybody ask again before it is time, and how much
more are they asked than there is to say? Counted by the providers themselves."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from clarion.surfaces.cli.bench.ground import Ground, Receipt
from clarion.surfaces.cli.bench.measured import Meter
from clarion.surfaces.cli.chaos.categories import category
from clarion.surfaces.cli.chaos.course import copies_of, drain, taken_by
from clarion.surfaces.cli.chaos.orders import Books, Order
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.senders import CHANNELS, Senders
from clarion.surfaces.cli.chaos.verdict import judge
from clarion.surfaces.cli.chaos.victims import Victims, log_path

RETRY_AFTER_SECONDS = 4
# a burst, and then this many times as long without: troubles are a tenth of the time
CALM = 9.0
DRAIN_SECONDS = 240.0
MOST_AMPLIFIED = 1.2
# where there are few messages, a few refusals are a large share
SCATTER = 20


BURSTS = (
    Order(trouble="busy", retry_after=RETRY_AFTER_SECONDS),
    Order(trouble="busy", retry_after=RETRY_AFTER_SECONDS, dated=True),
    Order(trouble="failing"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """One door. `refused`: answers 429, 503, 421 or 451; `early`: asked again before the time the answer gave;
    `amplified`: asked, for each message there was."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "provider",
        "messages",
        "asked",
        "refused",
        "early",
        "amplified",
        "lost",
        "doubled",
        "seconds",
    )

    provider: str
    seed: int
    messages: int
    asked: int
    refused: int
    early: int
    earliest_seconds: float
    amplified: float
    lost: int
    doubled: int
    undrained: int
    seconds: float

    @property
    def flaw(self) -> str:
        broken = {
            "asked too early": self.early,
            "lost": self.lost,
            "doubled": self.doubled,
            "still waiting at the end": self.undrained,
        }
        said = [f"{number} {name}" for name, number in broken.items() if number]
        if self.asked > MOST_AMPLIFIED * self.messages + SCATTER:
            said.append(f"asked {self.amplified:.2f} times as often as there was to say")
        if not self.refused:
            said.append("the troubles met nobody")
        return f"{self.provider}: {', '.join(said)} (seed {self.seed})" if said else ""

    def cells(self) -> tuple[str, ...]:
        counts = (self.messages, self.asked, self.refused, self.early)
        amplified = f"{self.amplified:.2f}"
        return (
            self.provider,
            *(str(count) for count in counts),
            amplified,
            str(self.lost),
            str(self.doubled),
            f"{self.seconds:.1f}",
        )


def measure_troubles(ground: Ground, plan: Plan, meter: Meter) -> Iterator[Troubled]:
    """A row for each door: email and webhook."""
    began = time.time()
    ground.forget_receipts()
    length = len(BURSTS) * plan.burst * (1 + CALM)
    senders = Senders(
        url=ground.base_url,
        authorization=ground.authorization,
        people=ground.people,
        log=log_path(ground.system, "provider"),
        category=category(ground, "chaos-retry", retry_seconds=5),
    )
    senders.start(number=plan.number, threads=plan.senders, waves=(), until=began + length)
    _bursts(ground, meter, began, plan)
    acknowledged = senders.finish()
    undrained = drain(Victims(system=ground.system), meter, "provider", DRAIN_SECONDS)
    books = ground.order_sinks("books", Books).of()
    taken = taken_by(ground)
    channel_of = {each.id: each.channel for each in acknowledged}
    copies = copies_of(taken)
    for channel in CHANNELS:
        mine = [each for each in acknowledged if each.channel == channel]
        verdict = judge(mine, [each for each in taken if channel_of.get(each.id) == channel], [])
        book = books[channel]
        yield Troubled(
            provider=channel,
            seed=plan.seed,
            messages=len(mine),
            asked=book.asked,
            refused=book.refused,
            early=book.early,
            earliest_seconds=book.earliest,
            amplified=book.asked / max(len(mine), 1),
            lost=verdict.lost,
            doubled=sum(copies[each.id] - 1 for each in mine if each.id in copies),
            undrained=undrained,
            seconds=time.time() - began,
        )


def _bursts(ground: Ground, meter: Meter, began: float, plan: Plan) -> None:
    """One after the other, each in the middle of its share of the time."""
    share = plan.burst * (1 + CALM)
    for place, burst in enumerate(BURSTS):
        meter.stage(f"provider: sending {plan.number}, trouble {place + 1} of {len(BURSTS)}")
        time.sleep(max(0.0, began + share * place + (share - plan.burst) / 2 - time.time()))
        ground.order_sinks(burst, list[Receipt])
        time.sleep(plan.burst)
        ground.order_sinks(Order(trouble="none"), list[Receipt])
