"""The same work on another design and on Clarion, in turns (A B A B), on the same machine, servers and sinks.

The other is the textbook design, and for a backlog of mails django-post_office.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.batch_api import BATCH_DOOR, batch_api_instead
from clarion.surfaces.cli.bench.bulk_call import bulk_body, call_bulk, take_backlog_in
from clarion.surfaces.cli.bench.ground import Ground, reference
from clarion.surfaces.cli.bench.load import Load, Served
from clarion.surfaces.cli.bench.measured import BenchFailed, Extent, Meter, rate
from clarion.surfaces.cli.bench.orders import Watch
from clarion.surfaces.cli.bench.post_office import PostOffice, post_office_beside
from clarion.surfaces.cli.bench.sample import SAMPLE, TEMPLATE
from clarion.surfaces.cli.bench.send import GENERATOR, MOST
from clarion.surfaces.cli.bench.side_process import SideProcess
from clarion.surfaces.cli.bench.textbook import Textbook, textbook_beside
from clarion.surfaces.cli.demo_system import demo_environment

CHANNELS = (ChannelKey.IN_APP, ChannelKey.EMAIL, ChannelKey.WEBHOOK)
CONNECTIONS = 16
WARM_UP = 150
WARM_UP_SECONDS = 0.5
DRAIN_SECONDS = 300.0
LARGEST_SHARE_OF_SESSIONS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One turn of one side: so many, in so many seconds, and what was wrong."""

    number: int
    seconds: float
    flaw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Per second over all turns of a side. Many: from the first call to the last settled row, workers running. Single
    sends, 16 connections: requests answered with 2xx (`number`: the textbook's first turn). Backlog:
    delivering alone. `by_turn`: the ratio of each pair of turns."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("work", "n", "other/s", "clarion/s", "ratio", "by turn")

    work: str
    number: int
    other_per_second: float
    clarion_per_second: float
    ratio: float
    by_turn: tuple[float, ...]
    flaw: str

    def cells(self) -> tuple[str, ...]:
        rates = (f"{self.other_per_second:.0f}", f"{self.clarion_per_second:.0f}")
        return (
            self.work,
            str(self.number),
            *rates,
            f"{self.ratio:.1f}",
            ", ".join(f"{each:.1f}" for each in self.by_turn),
        )


def measure_compare(ground: Ground, extent: Extent, meter: Meter) -> Iterator[Compared]:
    """One row for single sends, one for each channel."""
    people = ground.crowd(extent.many, webhooks=True, advance=meter.stage("making people", extent.many))
    meter.stage("starting the textbook design")
    with textbook_beside(ground) as textbook:
        yield _singles(ground, textbook, extent, meter)
        for channel in CHANNELS:

            def theirs(number: int, channel: ChannelKey = channel) -> Side:
                return _textbook_many(ground, textbook, channel, number)

            def ours(number: int, channel: ChannelKey = channel) -> Side:
                return _clarion_many(ground, channel, people[:number], channel)

            theirs(min(WARM_UP, extent.many))
            ours(min(WARM_UP, extent.many))
            yield _in_turns(f"{channel}, many", extent, meter, lambda: theirs(extent.many), lambda: ours(extent.many))
        yield _batch_api(ground, textbook, people, extent, meter)
    with post_office_beside(ground) as post_office:
        yield _backlog(ground, post_office, people, extent, meter)


def _clarion_many(ground: Ground, channel: ChannelKey, people: Sequence[UUID], door: str) -> Side:
    mark, number = reference(), len(people)
    called = call_bulk(ground, bulk_body(channel, people, mark), number)
    settled = ground.watch(Watch(reference=mark, number=number, seconds=DRAIN_SECONDS))
    ended = settled.last_at.timestamp() if settled.last_at else called.at
    return _checked(ground, door, number, settled.arrived, ended - called.at)


def _batch_api(ground: Ground, textbook: Textbook, people: Sequence[UUID], extent: Extent, meter: Meter) -> Compared:
    """The textbook design's mails over SMTP, and Clarion's through SES' SendBulkEmail, each rendered by us."""

    def theirs() -> Side:
        return _textbook_many(ground, textbook, ChannelKey.EMAIL, extent.many)

    def ours(number: int = extent.many) -> Side:
        return _clarion_many(ground, ChannelKey.EMAIL, people[:number], BATCH_DOOR)

    with batch_api_instead(ground):
        ours(min(WARM_UP, extent.many))
        return _in_turns("email, many, batch API", extent, meter, theirs, ours)


def _backlog(ground: Ground, post_office: PostOffice, people: Sequence[UUID], extent: Extent, meter: Meter) -> Compared:
    """Mails that wait, until they are delivered: django-post_office and Clarion."""

    def theirs(number: int = extent.many) -> Side:
        post_office.fill(number, SAMPLE)
        done = post_office.deliver(number)
        return _checked(ground, ChannelKey.EMAIL, number, done.sent, done.ended - done.began)

    def ours(number: int = extent.many) -> Side:
        mark = reference()
        due_at = take_backlog_in(ground, ChannelKey.EMAIL, people, number, mark).due_at
        settled = ground.watch(Watch(reference=mark, number=number, seconds=DRAIN_SECONDS))
        began, ended = settled.began_at or due_at, settled.last_at or due_at
        return _checked(ground, ChannelKey.EMAIL, number, settled.arrived, (ended - began).total_seconds())

    theirs(min(WARM_UP, extent.many))
    return _in_turns("email, backlog, django-post_office", extent, meter, theirs, ours)


def _in_turns(
    work: str, extent: Extent, meter: Meter, theirs: Callable[[], Side], ours: Callable[[], Side]
) -> Compared:
    first, second = [], []
    for turn in range(1, extent.rounds + 1):
        meter.stage(f"{work}: textbook, turn {turn}")
        first.append(theirs())
        meter.stage(f"{work}: clarion, turn {turn}")
        second.append(ours())
    textbook, clarion = _rate(first), _rate(second)
    turns = [(_rate([a]), _rate([b])) for a, b in zip(first, second, strict=True)]
    return Compared(
        work=work,
        number=first[0].number,
        other_per_second=textbook,
        clarion_per_second=clarion,
        ratio=clarion / textbook if textbook else 0.0,
        by_turn=tuple(b / a if a else 0.0 for a, b in turns),
        flaw="; ".join(side.flaw for side in (*first, *second) if side.flaw),
    )


def _rate(sides: Sequence[Side]) -> float:
    return rate(sum(side.number for side in sides), sum(side.seconds for side in sides))


def _textbook_many(ground: Ground, textbook: Textbook, channel: ChannelKey, number: int) -> Side:
    mark, before = reference(), textbook.sessions()
    produced = textbook.produce(channel, number, mark, SAMPLE)
    watched = textbook.watch(mark, number, DRAIN_SECONDS)
    made = textbook.sessions() - before
    if number > WARM_UP and made > number * LARGEST_SHARE_OF_SESSIONS:
        raise BenchFailed(f"The textbook design made {made} database sessions for {number}: it is not the tuned one.")
    return _checked(ground, channel, number, watched.settled, watched.last - produced.began)


def _checked(ground: Ground, door: str, number: int, settled: int, seconds: float) -> Side:
    """Both sides are judged alike: by their rows, and by what the sink took."""
    flaw = "" if settled == number else f"{settled} of {number} were settled"
    if door != ChannelKey.IN_APP:
        receipts = ground.receipts(door)
        distinct = len({receipt.id for receipt in receipts})
        if not len(receipts) == distinct == number:
            flaw = flaw or f"the sink took {len(receipts)} with {distinct} ids for {number}"
        ground.forget_receipts()
    return Side(number=number, seconds=seconds, flaw=flaw)


def _singles(ground: Ground, textbook: Textbook, extent: Extent, meter: Meter) -> Compared:
    def theirs(seconds: float = extent.seconds) -> Side:
        mark = reference()
        bodies = [
            {"recipient": person, "channel": "in_app", "template": TEMPLATE, "context": SAMPLE, "reference": mark}
            for person in textbook.people
        ]
        served = _put_on(textbook.url, textbook.authorization, bodies, seconds)
        return _drained(served, textbook.watch(mark, served.good, DRAIN_SECONDS).settled)

    def ours(seconds: float = extent.seconds) -> Side:
        mark = reference()
        common = {"channel": ChannelKey.IN_APP, "template_path": TEMPLATE, "context": SAMPLE, "reference": mark}
        bodies = [{"user_id": str(person), **common} for person in ground.people]
        served = _put_on(f"{ground.base_url}/api/v1/notifications/send", ground.authorization, bodies, seconds)
        watch = Watch(reference=mark, number=served.good, seconds=DRAIN_SECONDS)
        return _drained(served, ground.watch(watch).arrived)

    theirs(WARM_UP_SECONDS)
    ours(WARM_UP_SECONDS)
    return _in_turns("in_app, single", extent, meter, theirs, ours)


def _drained(served: Served, settled: int) -> Side:
    refused = sum(served.statuses.values()) - served.good
    flaw = f"{refused} requests were not answered with 2xx" if refused else ""
    if settled != served.good:
        flaw = flaw or f"{served.good} accepted, {settled} delivered"
    return Side(number=served.good, seconds=served.seconds, flaw=flaw)


def _put_on(url: str, authorization: str, bodies: Sequence[object], seconds: float) -> Served:
    load = Load(
        url=url,
        authorization=authorization,
        bodies=[msgspec.json.encode(body).decode() for body in bodies],
        connections=CONNECTIONS,
        seconds=seconds,
        most=MOST,
    )
    with SideProcess(GENERATOR, demo_environment()) as generator:
        generator.tell(load)
        return generator.hear(Served, seconds + 60)
