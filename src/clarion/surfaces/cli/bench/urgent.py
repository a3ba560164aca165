"""How long a critical message takes to its provider while a large low backlog of the same channel is being sent."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.api_answers import Sent
from clarion.surfaces.cli.bench.bulk_call import take_backlog_in
from clarion.surfaces.cli.bench.ground import Ground, reference
from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter, percentile
from clarion.surfaces.cli.bench.orders import Watch
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE

BACKLOG_FACTOR = 5
CRITICALS = 20
CRITICALS_BEHIND_MANY = 100
SPACING_SECONDS = 0.1
DRAIN_SECONDS = 300.0
MOST_A_CALL = 100_000
MOST_WAITED_FOR = 100_000
BELL_SECONDS = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgent:
    """Milliseconds from the call of a critical send to the sink's receipt, the system idle and behind a backlog of low
    emails; `left` is how many of the backlog were still to come when the last critical one had arrived."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("backlog", "criticals", "p50 ms", "worst ms", "left")

    backlog: int
    criticals: int
    p50_ms: float
    worst_ms: float
    left: int
    flaw: str = ""

    def cells(self) -> tuple[str, ...]:
        return str(self.backlog), str(self.criticals), f"{self.p50_ms:.0f}", f"{self.worst_ms:.0f}", str(self.left)


def measure_urgent(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Urgent]:
    """Idle, then behind the backlog, all of which falls due at one moment."""
    number = extent.many * BACKLOG_FACTOR
    each = min(number, MOST_A_CALL)
    people = ground.crowd(each, webhooks=False, advance=meter.stage("making people", each))
    meter.stage("critical messages, system idle")
    _criticals(ground, 5)
    yield _row(ground, 0, _criticals(ground, CRITICALS))
    ground.forget_receipts()
    mark = reference()
    take_backlog_in(ground, ChannelKey.EMAIL, people, number, mark, meter.stage("taking the backlog in", number))
    time.sleep(BELL_SECONDS)
    meter.stage(f"critical messages behind {number}")
    criticals = CRITICALS if number <= MOST_WAITED_FOR else CRITICALS_BEHIND_MANY
    yield _row(ground, number, _criticals(ground, criticals))
    if number > MOST_WAITED_FOR:
        return  # the figure stands; to deliver the rest would take minutes
    meter.stage("waiting for the backlog")
    settled = ground.watch(Watch(reference=mark, number=number, seconds=DRAIN_SECONDS))
    if settled.arrived != number:
        raise BenchFailed(f"Of the backlog of {number} only {settled.arrived} were settled.")


def _criticals(ground: Ground, number: int) -> dict[UUID, float]:
    """Unix times of the calls, by the notification's id."""
    calls = {}
    body = {"channel": ChannelKey.EMAIL, "template_path": TEMPLATE, "context": SAMPLE, "priority": "critical"}
    for place in range(number):
        at = time.time()
        user = str(ground.people[place % len(ground.people)])
        calls[ground.api.post("notifications/send", {"user_id": user, **body}, Sent).id] = at
        time.sleep(SPACING_SECONDS)
    return calls


def _row(ground: Ground, backlog: int, calls: dict[UUID, float]) -> Urgent:
    time.sleep(1.0)  # the last one's way
    receipts = ground.receipts(ChannelKey.EMAIL)
    arrived = {name: r.at for r in receipts for name in [r.id.strip("<>").partition("@")[0]]}
    times = [(at, _arrival(arrived, name)) for name, at in calls.items()]
    last = max(end for _, end in times)
    came = sum(receipt.at <= last for receipt in receipts) - len(calls)
    waits = [(end - at) * 1000 for at, end in times]
    return Urgent(
        backlog=backlog,
        criticals=len(calls),
        p50_ms=percentile(waits, 0.5),
        worst_ms=max(waits),
        left=backlog - came if backlog else 0,
    )


def _arrival(arrived: dict[str, float], name: UUID) -> float:
    """The sinks' ids hold the notification's."""
    for given, at in arrived.items():
        if str(name) in given:
            return at
    raise BenchFailed("A critical message did not reach its sink within a second of the last call.")
