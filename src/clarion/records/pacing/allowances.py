"""Allowances: how many messages a person may get on a channel, or a category may send, asked for a whole batch in
one call. Each item may stand under several; it goes only if all allow it, and then counts under all."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clarion.records.pacing import gcra
from clarion.records.pacing.gcra import Limit
from clarion.records.pacing.reach import Reach, Script, reach
from clarion.records.pacing.tokens import ASSUMED_PROCESSES

MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A limit under a key."""

    key: str
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Goes now (`wait` 0), or in `wait` seconds; `by` is the allowance that held it, by its place among the item's."""

    wait: float
    by: int


# KEYS: one for each allowance. ARGV: the number of allowances n, then n pairs (interval, burst), then for each item
# the number of its allowances and their places. Returns pairs (wait in microseconds, place among the item's own).
# Items held by the same allowance wait in line, so that they do not all come back for the first token.
_ASK: Script[list[int]] = Script("""
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local n = tonumber(ARGV[1])
local interval, burst, tat, held, used = {}, {}, {}, {}, {}
local stored = redis.call('MGET', unpack(KEYS))
for i = 1, n do
    interval[i], burst[i] = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    tat[i] = math.max(tonumber(stored[i] or 0), now)
    held[i] = 0
end
local place, answers = 2 * n + 2, {}
while place <= #ARGV do
    local count, wait, by = tonumber(ARGV[place]), 0, 0
    for k = 1, count do
        local i = tonumber(ARGV[place + k])
        local over = tat[i] + (1 - burst[i]) * interval[i] - now
        if over > 1 then
            over = over + held[i] * interval[i]
            if over > wait then wait, by = over, k end
        end
    end
    for k = 1, count do
        local i = tonumber(ARGV[place + k])
        if wait == 0 then
            tat[i] = tat[i] + interval[i]
            used[i] = true
        elseif k == by then
            held[i] = held[i] + 1
        end
    end
    answers[#answers + 1] = math.ceil(wait)
    answers[#answers + 1] = by
    place = place + count + 1
end
for i in pairs(used) do
    redis.call('SET', KEYS[i], string.format('%.1f', tat[i]), 'PX', math.ceil((tat[i] - now) / 1000) + 1000)
end
return answers
""")


class Allowances:
    """Asks, in Redis or, when it is away, by this process's share."""

    def __init__(self, through: Reach = reach, clock: Callable[[], float] = time.monotonic) -> None:
        self._reach = through
        self._clock = clock
        self._lock = threading.Lock()
        self._local: dict[str, float] = {}

    def ask(self, items: Sequence[Sequence[Allowance]]) -> list[Answer]:
        """An answer for each item, in order; earlier items are served first."""
        places: dict[str, int] = {}
        limits: list[Limit] = []
        for allowance in (each for item in items for each in item):
            if allowance.key not in places:
                places[allowance.key] = len(places) + 1
                limits.append(allowance.limit)
        if not places:
            return [Answer(wait=0.0, by=0)] * len(items)
        values: list[float] = [len(limits)]
        for limit in limits:
            values += [limit.interval * 1e6, limit.burst]
        for item in items:
            values += [len(item), *(places[each.key] for each in item)]
        found = self._reach.run(_ASK, [f"clarion:rate:{key}" for key in places], values)
        if found is None:
            return self._ask_locally(items)
        return [Answer(wait=wait / 1e6, by=max(by - 1, 0)) for wait, by in zip(found[::2], found[1::2], strict=True)]

    def _ask_locally(self, items: Sequence[Sequence[Allowance]]) -> list[Answer]:
        with self._lock:
            now = self._clock()
            if len(self._local) > MOST_REMEMBERED:
                self._local = {key: tat for key, tat in self._local.items() if tat > now}
            return [self._one_locally(item, now) for item in items]

    def _one_locally(self, item: Sequence[Allowance], now: float) -> Answer:
        taken = [
            gcra.take(self._local.get(each.key, now), now, gcra.share(each.limit, ASSUMED_PROCESSES), 1)
            for each in item
        ]
        longest = max(range(len(taken)), key=lambda place: taken[place].wait, default=0)
        if any(each.count == 0 for each in taken):
            return Answer(wait=max(taken[longest].wait, 0.001), by=longest)
        for allowance, each in zip(item, taken, strict=True):
            self._local[allowance.key] = each.tat
        return Answer(wait=0.0, by=0)


allowances = Allowances()
