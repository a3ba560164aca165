"""How fast a backlog is delivered: N notifications fall due at one moment on an otherwise idle system."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.bulk_call import take_backlog_in
from clarion.surfaces.cli.bench.ground import Ground, Receipt, reference
from clarion.surfaces.cli.bench.measured import Extent, Meter, rate
from clarion.surfaces.cli.bench.orders import Seed, Settled, Watch
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE

CHANNELS = (ChannelKey.IN_APP, ChannelKey.EMAIL, ChannelKey.WEBHOOK)
WITH_SINK = (ChannelKey.EMAIL, ChannelKey.WEBHOOK)
WARM_UP = 150
DRAIN_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """`per_second`: by the ledger, from the start of the first attempt to the end. `arrived_per_second`: by the
    sink's own clock, first to last. `seconds`: from the due moment to the last settled, the wait for the bell (up to
    1 s) included. `taken` and `distinct`: what the sink counted and how many ids it saw (None: there is no sink)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "channel",
        "n",
        "settled/s",
        "sink/s",
        "seconds",
        "settled",
        "taken",
        "distinct",
        "bytes",
    )

    channel: ChannelKey
    number: int
    per_second: float
    arrived_per_second: float | None
    seconds: float
    settled: int
    taken: int | None
    distinct: int | None
    bytes_each: int | None
    seeded_per_second: float

    @property
    def flaw(self) -> str:
        if self.settled != self.number:
            return f"{self.number - self.settled} were not settled"
        if self.taken is not None and not self.taken == self.distinct == self.number:
            return f"the sink took {self.taken} with {self.distinct} ids for {self.number}"
        return ""

    def cells(self) -> tuple[str, ...]:
        counts = (self.settled, self.taken, self.distinct, self.bytes_each)
        arrived = f"{self.arrived_per_second:.0f}" if self.arrived_per_second is not None else "–"
        shown = [str(count) if count is not None else "–" for count in counts]
        return str(self.channel), str(self.number), f"{self.per_second:.0f}", arrived, f"{self.seconds:.1f}", *shown


def measure_delivery(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Drained]:
    """One row for each channel."""
    people = ground.crowd(extent.backlog, webhooks=True, advance=meter.stage("making people", extent.backlog))
    for channel in CHANNELS:
        yield _one_channel(ground, channel, people, meter)


def _one_channel(ground: Ground, channel: ChannelKey, people: Sequence[UUID], meter: Meter) -> Drained:
    _warm_up(ground, channel, meter)
    ground.forget_receipts()
    number = len(people)
    mark = reference()
    backlog = take_backlog_in(
        ground, channel, people, number, mark, meter.stage(f"deliver {channel}: taking in", number)
    )
    advance = meter.stage(f"deliver {channel}", number)
    settled = ground.watch(Watch(reference=mark, number=number, seconds=DRAIN_SECONDS), advance)
    receipts = ground.receipts(channel) if channel in WITH_SINK else None
    return _row(channel, number, backlog.due_at, settled, receipts, rate(number, backlog.seconds))


def _warm_up(ground: Ground, channel: ChannelKey, meter: Meter) -> None:
    """Import, connect, compile."""
    mark = reference()
    ground.seed(_seed(ground, channel, mark), meter.stage(f"deliver {channel}: warming up", WARM_UP))
    ground.watch(Watch(reference=mark, number=WARM_UP, seconds=DRAIN_SECONDS))


def _seed(ground: Ground, channel: ChannelKey, mark: str) -> Seed:
    return Seed(
        channel=channel,
        number=WARM_UP,
        reference=mark,
        recipients=ground.people,
        template=TEMPLATE,
        context=SAMPLE,
    )


def _row(
    channel: ChannelKey,
    number: int,
    due_at: datetime,
    settled: Settled,
    receipts: list[Receipt] | None,
    seeded_per_second: float,
) -> Drained:
    began, last = settled.began_at or due_at, settled.last_at or due_at
    times = [receipt.at for receipt in receipts or []]
    return Drained(
        channel=channel,
        number=number,
        per_second=rate(settled.arrived, (last - began).total_seconds()),
        arrived_per_second=rate(len(times) - 1, max(times) - min(times)) if times else None,
        seconds=(last - due_at).total_seconds(),
        settled=settled.arrived,
        taken=len(receipts) if receipts is not None else None,
        distinct=len({receipt.id for receipt in receipts}) if receipts is not None else None,
        bytes_each=sum(receipt.size for receipt in receipts) // len(receipts) if receipts else None,
        seeded_per_second=seeded_per_second,
    )
