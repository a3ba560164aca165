"""The first part of `clarion chaos time`: quiet hours and digests around every change of clocks of every zone, against
the watched clock of time_oracle.py."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise
from time import monotonic
from typing import ClassVar
from zoneinfo import ZoneInfo

from clarion.records.preferences.digest_choice import DigestChoice, Frequency
from clarion.records.preferences.quiet_hours import QuietHours, quiet_hours_of
from clarion.surfaces.cli.bench.measured import Meter
from clarion.surfaces.cli.chaos.time_oracle import (
    MINUTE,
    Wall,
    changes_of,
    closings,
    quiet_minutes,
    watched,
    zones,
)

# minutes of a day; most lie at the hours at which clocks are changed
QUIET = ((1320, 480), (30, 90), (90, 150), (120, 180), (1410, 30), (0, 135))
DIGEST_TIMES = (0, 30, 150, 480)
# messages come so often for two days around a change, and in the minutes around each end
EVERY, NEAR = 30, (-1, 0, 1)
INNER = timedelta(hours=24)
MOST_HOLDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneOutcome:
    """One rule over all zones. `early`: sent, or closed, while it should have waited; `late`: it waited when it should
    not have; `doubled`: it lies in two windows, or one date has two; `lost`: it is never due, or in no window."""

    COLUMNS: ClassVar[tuple[str, ...]] = (
        "rule",
        "zones",
        "changes",
        "messages",
        "early",
        "late",
        "doubled",
        "lost",
        "s",
    )

    rule: str
    zones: int
    changes: int
    messages: int
    early: int
    late: int
    doubled: int
    lost: int
    seconds: float
    example: str = ""

    @property
    def flaw(self) -> str:
        """What breaks the promise; empty when it was kept."""
        broken = {"early": self.early, "late": self.late, "doubled": self.doubled, "lost": self.lost}
        said = [f"{number} {name}" for name, number in broken.items() if number]
        return f"{self.rule}: {', '.join(said)} ({self.example})" if said else ""

    def cells(self) -> tuple[str, ...]:
        counts = (self.zones, self.changes, self.messages, self.early, self.late, self.doubled, self.lost)
        return self.rule, *(str(count) for count in counts), f"{self.seconds:.1f}"


@dataclass(slots=True)
class _Tally:
    rule: str
    counts: Counter[str]
    example: str = ""
    seconds: float = 0.0

    def note(self, fault: str, zone: str, moment: datetime) -> None:
        self.counts["messages"] += 1
        if fault:
            self.counts[fault] += 1
            self.example = self.example or f"{zone} {moment:%Y-%m-%dT%H:%MZ}"


def prove_zones(names: Sequence[str] | None, meter: Meter) -> Iterator[ZoneOutcome]:
    """Play messages around every change of clocks in these zones; none named: in all there are."""
    wanted = zones() if names is None else list(names)
    advance = meter.stage("every zone, every change of clocks", len(wanted))
    tallies = [_Tally(rule, Counter()) for rule in ("quiet hours", "daily digests", "weekly digests", "hourly digests")]
    changes = 0
    for done, name in enumerate(wanted, start=1):
        zone = ZoneInfo(name)
        # a zone whose clocks stay as they are is looked at on one day
        for change in changes_of(zone) or [datetime.fromisoformat("2027-03-28T01:00:00+00:00")]:
            changes += 1
            _prove(name, watched(zone, change), change, tallies)
        advance(done)
    for tally in tallies:
        found = {key: tally.counts[key] for key in ("messages", "early", "late", "doubled", "lost")}
        yield ZoneOutcome(
            rule=tally.rule, zones=len(wanted), changes=changes, seconds=tally.seconds, example=tally.example, **found
        )


def _prove(name: str, wall: Wall, change: datetime, tallies: Sequence[_Tally]) -> None:
    quiet, daily, weekly, hourly = tallies
    began = monotonic()
    for start, end in QUIET:
        _prove_quiet(name, wall, change, (start, end), quiet)
    daily_at = monotonic()
    for at in DIGEST_TIMES:
        choice = DigestChoice(frequency=Frequency.DAILY, at=time(at // 60, at % 60))
        _prove_dates(name, wall, change, choice, daily)
    weekly_at = monotonic()
    weekday = (change - timedelta(days=1)).weekday()
    for at in DIGEST_TIMES:
        for shift in range(3):
            on = DigestChoice(frequency=Frequency.WEEKLY, at=time(at // 60, at % 60), weekday=(weekday + shift) % 7)
            _prove_dates(name, wall, change, on, weekly)
    hourly_at = monotonic()
    _prove_hours(name, wall, change, hourly)
    marks = (began, daily_at, weekly_at, hourly_at, monotonic())
    for tally, (first, last) in zip(tallies, pairwise(marks), strict=True):
        tally.seconds += last - first


def _moments(wall: Wall, change: datetime, edges: Sequence[int]) -> list[datetime]:
    """When messages come."""
    first, last = wall.place(change - INNER), wall.place(change + INNER)
    near = {edge + shift for edge in edges for shift in NEAR if first <= edge + shift < last}
    return [wall.begin + MINUTE * place for place in sorted({*range(first, last, EVERY), *near})]


def _hours(start: int, end: int) -> QuietHours:
    first, last = (f"{each // 60:02}:{each % 60:02}" for each in (start, end))
    found = quiet_hours_of({"enabled": True, "start": first, "end": last})
    assert found is not None
    return found


def _prove_quiet(name: str, wall: Wall, change: datetime, span: tuple[int, int], tally: _Tally) -> None:
    hours, spans = _hours(*span), quiet_minutes(wall, *span)
    for moment in _moments(wall, change, [edge for each in spans for edge in each]):
        place = wall.place(moment)
        right = max((last for first, last in spans if first <= place < last), default=place)
        sent = _sent(hours, moment, name)
        if sent is None:
            tally.note("lost", name, moment)
        elif wall.begin + MINUTE * right == sent:
            tally.note("", name, moment)
        else:
            tally.note("early" if sent < wall.begin + MINUTE * right else "late", name, moment)


def _sent(hours: QuietHours, moment: datetime, zone: str) -> datetime | None:
    """When a message leaves that is held as often as the rule says; None: it never does."""
    for _ in range(MOST_HOLDS):
        until = hours.ends_at(moment, zone)
        if until is None:
            return moment
        moment = until
    return None


def _prove_dates(name: str, wall: Wall, change: datetime, choice: DigestChoice, tally: _Tally) -> None:
    """Daily and weekly windows: the one of a moment is the next to close, and each date has one."""
    weekday = choice.weekday if choice.frequency is Frequency.WEEKLY else None
    right = closings(wall, choice.at.hour * 60 + choice.at.minute, weekday)
    ends = [place for place in right.values() if 0 < place < len(wall.shown)]
    for moment in _moments(wall, change, ends):
        following = [(end, day) for day, end in right.items() if end > wall.place(moment)]
        end, day = min(following, default=(len(wall.shown), ""))
        if end >= len(wall.shown):
            continue  # it closes after the days that were watched
        tally.note(_fault(choice, name, moment, wall.begin + MINUTE * end, day), name, moment)


def _fault(choice: DigestChoice, zone: str, moment: datetime, end: datetime, day: str) -> str:
    key, opens, closes = choice.window(moment, zone)
    if not opens <= moment < closes:
        return "lost"
    if closes != end:
        return "early" if closes < end else "late"
    following, opens_next, _ = choice.window(closes, zone)
    return "doubled" if key != f"{choice.frequency} {day}" or following == key or opens_next != closes else ""


def _prove_hours(name: str, wall: Wall, change: datetime, tally: _Tally) -> None:
    """Hourly windows last an hour at most, end when the clock shows a full one or was just changed, and follow one
    another."""
    choice = DigestChoice(frequency=Frequency.HOURLY)
    for moment in _moments(wall, change, [wall.place(change)]):
        key, opens, closes = choice.window(moment, name)
        end = wall.shown[wall.place(closes)] % 60
        if not opens <= moment < closes <= moment + timedelta(hours=1):
            fault = "lost"
        elif end and abs(closes - change) > timedelta(hours=1):
            fault = "early"
        else:
            fault = "doubled" if choice.window(closes, name)[0] == key else ""
        tally.note(fault, name, moment)
