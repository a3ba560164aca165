"""Tokens of an account, shared by all workers: GCRA as one Lua script by Redis' own clock.

Redis away: each process paces itself by its share, `1/ASSUMED_PROCESSES` of the rate, from an empty bucket. Redis
emptied: a full bucket, so at most one burst too many.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from clarion.records.pacing import gcra
from clarion.records.pacing.gcra import Limit
from clarion.records.pacing.reach import Reach, Script, reach

ASSUMED_PROCESSES = 4

# The same as gcra.take, in microseconds.
_TAKE: Script[tuple[int, int]] = Script("""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, least = tonumber(ARGV[3]), tonumber(ARGV[4])
local tat = tonumber(redis.call('GET', KEYS[1]) or 0)
if tat < now then tat = now end
local free = math.floor((now - tat) / interval + burst + 0.000001)
local needed = math.min(least, burst)
if free < needed then
    return {0, math.ceil(math.max(tat + (needed - burst) * interval - now, 1))}
end
local count = math.max(math.min(wanted, free), least)
tat = tat + count * interval
redis.call('SET', KEYS[1], string.format('%.1f', tat), 'PX', math.ceil((tat - now) / 1000) + 1000)
return {count, 0}
""")
_PUT_BACK: Script[int] = Script("""
local tat = redis.call('GET', KEYS[1])
if tat then
    redis.call('SET', KEYS[1], string.format('%.1f', tat - ARGV[1] * ARGV[2]), 'KEEPTTL')
end
return 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """`count` may go now; else there may be some in `wait` seconds. `shared`: Redis gave them and takes them back."""

    count: int
    wait: float
    shared: bool


class Tokens:
    """Takes and puts back tokens under a key."""

    def __init__(self, through: Reach = reach, clock: Callable[[], float] = time.monotonic) -> None:
        self._reach = through
        self._clock = clock
        self._lock = threading.Lock()
        self._local: dict[str, float] = {}

    def take(self, key: str, limit: Limit, wanted: int, least: int = 1) -> Grant:
        """Up to `wanted` tokens, none when there are fewer than `least`."""
        values = [limit.interval * 1e6, limit.burst, wanted, least]
        answer = self._reach.run(_TAKE, [_name(key)], values)
        if answer is None:
            return self._take_locally(key, limit, wanted, least)
        if self._local:
            with self._lock:
                self._local.clear()
        return Grant(count=answer[0], wait=answer[1] / 1e6, shared=True)

    def put_back(self, key: str, limit: Limit, count: int, *, shared: bool) -> None:
        """Give back tokens that were not used to where they came from."""
        if shared:
            self._reach.run(_PUT_BACK, [_name(key)], [limit.interval * 1e6, count])
            return
        with self._lock:
            if key in self._local:
                own = gcra.share(limit, ASSUMED_PROCESSES)
                self._local[key] = gcra.put_back(self._local[key], own, count)

    def _take_locally(self, key: str, limit: Limit, wanted: int, least: int) -> Grant:
        own = gcra.share(limit, ASSUMED_PROCESSES)
        with self._lock:
            now = self._clock()
            # Redis may have given a burst a moment ago: begin with nothing
            tat = self._local.setdefault(key, now + own.burst * own.interval)
            taken = gcra.take(tat, now, own, wanted, least)
            self._local[key] = taken.tat
        return Grant(count=taken.count, wait=taken.wait, shared=False)


def _name(key: str) -> str:
    return f"clarion:rate:{key}"


tokens = Tokens()
