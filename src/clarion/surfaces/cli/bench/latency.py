"""How long one notification takes on an idle system: one send after another, on in_app, email and webhook."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.api_answers import Sent
from clarion.surfaces.cli.bench.ground import Ground, Receipt, reference
from clarion.surfaces.cli.bench.measured import Advance, BenchFailed, Extent, Meter, percentile
from clarion.surfaces.cli.bench.orders import Watch
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE

CHANNELS = (ChannelKey.IN_APP, ChannelKey.EMAIL, ChannelKey.WEBHOOK)
WARM_UP = 5
# from one send to the next: several times what one takes, so that each finds the system idle
SPACING_SECONDS = 0.06
SETTLE_SECONDS = 30.0


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """A notification's times as the API shows them."""

    status: str
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One send: when it was called (Unix time), how long the answer took, and what it made."""

    id: UUID
    called_at: float
    answered_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Milliseconds. answered: the POST (a new connection each time); settled: the API's `created_at` to `sent_at` or
    `delivered_at`; arrived: from the call to the receipt at the sink (None: the channel has no sink)."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "channel",
        "n",
        "answered ms",
        "p99",
        "settled ms",
        "p99",
        "arrived ms",
        "p99",
    )

    channel: ChannelKey
    number: int
    answered_p50: float
    answered_p99: float
    settled_p50: float
    settled_p99: float
    arrived_p50: float | None
    arrived_p99: float | None
    flaw: str

    def cells(self) -> tuple[str, ...]:
        times = (self.answered_p50, self.answered_p99, self.settled_p50, self.settled_p99)
        arrived = (self.arrived_p50, self.arrived_p99)
        shown = [f"{each:.1f}" if each is not None else "–" for each in (*times, *arrived)]
        return str(self.channel), str(self.number), *shown


def measure_latency(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Latency]:
    """One row for each channel."""
    for channel in CHANNELS:
        yield _one_channel(ground, channel, extent.singles, meter)


def _one_channel(ground: Ground, channel: ChannelKey, number: int, meter: Meter) -> Latency:
    _calls(ground, channel, WARM_UP, meter.stage(f"latency {channel}: warming up", WARM_UP))
    ground.forget_receipts()
    calls = _calls(ground, channel, number, meter.stage(f"latency {channel}", number))
    receipts = ground.receipts(channel)
    fates = [ground.api.get(f"notifications/{call.id}", Fate) for call in calls]
    settled = [_settled_ms(fate) for fate in fates]
    answered = [call.answered_ms for call in calls]
    arrived = [_arrived_ms(call, receipts) for call in calls] if channel is not ChannelKey.IN_APP else []
    return Latency(
        channel=channel,
        number=number,
        answered_p50=percentile(answered, 0.5),
        answered_p99=percentile(answered, 0.99),
        settled_p50=percentile(settled, 0.5),
        settled_p99=percentile(settled, 0.99),
        arrived_p50=percentile(arrived, 0.5) if arrived else None,
        arrived_p99=percentile(arrived, 0.99) if arrived else None,
        flaw="" if not arrived or len(receipts) == number else f"{len(receipts)} receipts for {number} sends",
    )


def _calls(ground: Ground, channel: ChannelKey, number: int, advance: Advance) -> list[Call]:
    """Send one after another, and wait until all are settled."""
    mark = reference()
    calls = []
    for place in range(number):
        began = time.monotonic()
        calls.append(_call(ground, channel, ground.people[place % len(ground.people)], mark))
        time.sleep(max(0.0, began + SPACING_SECONDS - time.monotonic()))
        advance(place + 1)
    settled = ground.watch(Watch(reference=mark, number=number, seconds=SETTLE_SECONDS))
    if settled.arrived != number:
        raise BenchFailed(f"Of {number} single sends on {channel} only {settled.arrived} were settled.")
    return calls


def _call(ground: Ground, channel: ChannelKey, user_id: UUID, mark: str) -> Call:
    body = {
        "user_id": str(user_id),
        "channel": channel,
        "template_path": TEMPLATE,
        "context": SAMPLE,
        "reference": mark,
    }
    called_at, began = time.time(), time.monotonic()
    sent = ground.api.post("notifications/send", body, Sent)
    return Call(id=sent.id, called_at=called_at, answered_ms=(time.monotonic() - began) * 1000)


def _settled_ms(fate: Fate) -> float:
    settled_at = fate.delivered_at or fate.sent_at or datetime.now(UTC)
    return (settled_at - fate.created_at).total_seconds() * 1000


def _arrived_ms(call: Call, receipts: list[Receipt]) -> float:
    """The sinks' ids hold the notification's."""
    at = next((receipt.at for receipt in receipts if str(call.id) in receipt.id), None)
    if at is None:
        raise BenchFailed("A settled notification never reached its sink.")
    return (at - call.called_at) * 1000
