"""GCRA, the leaky bucket that keeps one number: the theoretical arrival time (TAT), in seconds of whatever clock.

Pure. In any window of `t` seconds at most `burst + rate × t` pass, provided no single grant is larger than the burst.
"""

import math
from dataclasses import dataclass

from clarion.contract.rate import Rate

# A float's rounding must not cost a token that is there; a millionth of one does no harm.
SLACK = 1e-6
HALF_A_SECOND = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A rate and how many may go at once after a rest."""

    rate: Rate
    burst: int

    @property
    def interval(self) -> float:
        """Seconds from one token to the next."""
        return self.rate.seconds / self.rate.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """How many may go now, how long until there are `least` (0 when some were given), and the new TAT."""

    count: int
    wait: float
    tat: float


def paced(rate: Rate, burst: int | None = None) -> Limit:
    """An account's limit: unless told otherwise, half a second's worth may go at once."""
    return Limit(rate=rate, burst=burst or max(1, math.ceil(rate.per_second * HALF_A_SECOND)))


def allowance(rate: Rate) -> Limit:
    """A person's or category's limit: the whole allowance may be used at once, and then grows back evenly."""
    return Limit(rate=rate, burst=rate.count)


def behind(limit: Limit) -> Limit:
    """The limit of those who come second: they leave the lower half of the bucket to the others."""
    return Limit(rate=limit.rate, burst=max(1, limit.burst // 2))


def share(limit: Limit, parts: int) -> Limit:
    """One of `parts` equal shares, never more than the whole; at least one at once, for else nothing would ever go."""
    rate = Rate(count=limit.rate.count, seconds=limit.rate.seconds * parts)
    return Limit(rate=rate, burst=max(1, limit.burst // parts))


def take(tat: float, now: float, limit: Limit, wanted: int, least: int = 1) -> Taken:
    """Take up to `wanted` tokens, but none when there are fewer than `least`.

    `least` above the burst is given when the bucket is full and paid off afterwards: what cannot be parted (one
    notification to many devices) would otherwise never go.
    """
    tat = max(tat, now)
    free = math.floor((now - tat) / limit.interval + limit.burst + SLACK)
    needed = min(least, limit.burst)
    if free < needed:
        wait = tat + (needed - limit.burst) * limit.interval - now
        return Taken(count=0, wait=max(wait, 0.0), tat=tat)
    count = max(min(wanted, free), least)
    return Taken(count=count, wait=0.0, tat=tat + count * limit.interval)


def put_back(tat: float, limit: Limit, count: int) -> float:
    """The TAT after tokens that were not used come back; what had grown back meanwhile is not doubled (see `take`)."""
    return tat - count * limit.interval
