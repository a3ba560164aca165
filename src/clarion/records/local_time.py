"""From a time on somebody's clock to instants, as pure functions. Which clock is meant is the caller's to know.

Clocks that are put forward skip times: a skipped time means the first instant after the gap. Clocks that are put back
show times twice: what begins or is due then does so at the first of the two (`local_to_instant`), and what ends then
ends when no earlier time will be shown again (`last_showing`). So nothing comes early, nothing comes twice, and a span
is never two.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
log = structlog.get_logger()


def local_to_instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant (in UTC) at which clocks in `zone` show the naive time `local`, or first show a later one."""
    return _showing(local, zone, fold=0)


def last_showing(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant (in UTC) from which clocks in `zone` show `local` or a later time, and no earlier one again."""
    again = _showing(local, zone, fold=1)
    # put back to this very time: the clock shows no earlier one than it did before
    if _clock(again - SECOND, zone) >= local:
        return _showing(local, zone, fold=0)
    return again


def _showing(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    instant = local.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    if _clock(instant, zone) == local:
        return instant
    # in a gap fold=0 reads with the offset before it and fold=1 with that after it: the change lies between the two
    low, high = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (1, 0))
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


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> ZoneInfo:
    """The zone; UTC for a name that the zone data do not have any more (doors take no others)."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        log.warning("zone_unknown", zone=name[:64])
        return ZoneInfo("UTC")


def steady_offset(now: datetime, zone: str) -> timedelta | None:
    """What the clocks of the zone are ahead of UTC, where they are not changed within two days of this one; None: they
    are, so local times must be looked up one by one. Remembered by zone and day."""
    return _steady_offset(zone, (now - EPOCH) // DAY)


@lru_cache(maxsize=8_192)
def _steady_offset(zone: str, day: int) -> timedelta | None:
    clock = zone_of(zone)
    found = {(EPOCH + DAY * (day + each)).astimezone(clock).utcoffset() for each in range(-2, 4)}
    return next(iter(found)) if len(found) == 1 else None
