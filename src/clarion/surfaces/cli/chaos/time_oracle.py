"""A clock on the wall, watched minute by minute around a change of clocks: what quiet hours and digests should do,
found by watching alone. The judge of `clarion chaos time`; it shares no reckoning with the rules that it judges.

Clocks change on whole minutes in the years looked at; `watched` refuses a zone in which they do not.
"""

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo, available_timezones

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
AROUND = timedelta(hours=72)
MINUTE, STEP = timedelta(minutes=1), timedelta(days=5)
EPOCH = date(1970, 1, 1)
A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """What the clock showed at each minute from `begin` on, in minutes since 1970 on its own dial; the highest so far,
    and the lowest from then on."""

    begin: datetime
    shown: list[int]
    highest: list[int]
    lowest: list[int]

    def first(self, dial: int) -> int:
        """The first minute at which the clock shows `dial` or more."""
        return bisect_left(self.highest, dial)

    def for_good(self, dial: int) -> int:
        """The first minute from which on the clock shows no less than `dial`."""
        return bisect_left(self.lowest, dial)

    def place(self, moment: datetime) -> int:
        """The minute that a moment lies in."""
        return (moment - self.begin) // MINUTE

    def days(self) -> range:
        """The dates that the clock shows, as days since 1970."""
        return range(self.shown[0] // A_DAY - 1, self.shown[-1] // A_DAY + 2)


def changes_of(zone: ZoneInfo) -> list[datetime]:
    """The first minute after each change of the zone's clocks in the years looked at."""
    found = []
    moment = FIRST
    while moment < LAST:
        low, high = moment, moment + STEP
        if _offset(low, zone) != _offset(high, zone):
            while high - low > MINUTE:
                middle = low + (high - low) // MINUTE // 2 * MINUTE
                low, high = (middle, high) if _offset(middle, zone) == _offset(moment, zone) else (low, middle)
            found.append(high)
        moment += STEP
    return found


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


def watched(zone: ZoneInfo, change: datetime) -> Wall:
    """The clock of a zone, watched from three days before this moment until three days after it."""
    begin = change - AROUND
    shown = [_dial(begin + MINUTE * number, zone) for number in range(2 * AROUND // MINUTE)]
    return Wall(
        begin=begin,
        shown=shown,
        highest=list(accumulate(shown, max)),
        lowest=list(accumulate(reversed(shown), min))[::-1],
    )


def _dial(moment: datetime, zone: ZoneInfo) -> int:
    local = moment.astimezone(zone)
    if local.second:
        raise ValueError(f"{zone.key} is not ahead of UTC by whole minutes")
    return (local.toordinal() - EPOCH.toordinal()) * A_DAY + local.hour * 60 + local.minute


def quiet_minutes(wall: Wall, start: int, end: int) -> list[tuple[int, int]]:
    """When it is quiet for who wants `start` to `end` (minutes of a day) every day: from the first minute at which the
    clock shows a start until the one from which it shows the end for good."""
    spans = []
    for day in wall.days():
        begin = day * A_DAY + start
        until = day * A_DAY + (end if end > start else end + A_DAY)
        first, last = wall.first(begin), wall.for_good(until)
        if first < last:
            spans.append((first, last))
    return spans


def closings(wall: Wall, at: int, weekday: int | None) -> dict[str, int]:
    """When the digests close that somebody wants at this minute of each date, or of each such weekday: by date."""
    days = (day for day in wall.days() if weekday is None or (day + EPOCH.weekday()) % 7 == weekday)
    return {str(EPOCH + timedelta(days=day)): wall.first(day * A_DAY + at) for day in days}


def zones() -> list[str]:
    """Every zone there is."""
    return sorted(available_timezones())
