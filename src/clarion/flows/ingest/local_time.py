"""From a time on somebody's clock to an instant, as a pure function. Which clock is meant is the caller's to know.

Clocks that are put forward skip times: a skipped time means the first instant after the gap. Clocks that are put back
show times twice: such a time means the first of the two. So nothing comes early, and nothing comes twice.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def local_to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant (in UTC) at which clocks in `zone` show the naive time `local`, or first show a later one."""
    before = local.replace(tzinfo=zone, fold=0)
    instant = before.astimezone(UTC)
    if _clock(instant, zone) == local:
        return instant
    # in a gap fold=0 reads with the offset before it and fold=1 with that after it: the change lies between the two
    low, high = local.replace(tzinfo=zone, fold=1).astimezone(UTC), instant
    return _first_showing(local, zone, low.replace(microsecond=0), high)


def _clock(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _first_showing(local: datetime, zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first whole second after `low`, up to `high`, at which the clock shows `local` or later; clocks change on
    whole seconds."""
    first, last = 0, int((high - low) / timedelta(seconds=1)) + 1
    while last - first > 1:
        middle = (first + last) // 2
        if _clock(low + timedelta(seconds=middle), zone) >= local:
            last = middle
        else:
            first = middle
    return low + timedelta(seconds=last)
