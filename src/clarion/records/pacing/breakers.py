"""The breakers of all accounts, shared: the pure functions of breaker.py over a value in Redis, changed by
compare-and-set, so that of several workers exactly one gets the probe. Redis away: each process has its own."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import TypeVar

import msgspec
import structlog

from clarion.records.pacing import breaker
from clarion.records.pacing.breaker import DEFAULT, WELL, Admission, News, Phase, Policy, State
from clarion.records.pacing.reach import Reach, Script, reach

T = TypeVar("T")
JITTER = 0.25
KEPT_SECONDS = 7_200
TRIES = 50
log = structlog.get_logger()

_READ: Script[tuple[list[str], list[str | None]]] = Script("""
local found = {}
for i, key in ipairs(KEYS) do found[i] = redis.call('GET', key) end
return {redis.call('TIME'), found}
""")
_SWAP: Script[int] = Script("""
local found = redis.call('GET', KEYS[1]) or ''
if found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A breaker as seen at a moment: `opens_in` seconds until the next probe may go, 0 unless it refuses now."""

    phase: Phase
    failures: int
    opens_in: float

    @property
    def refuses(self) -> bool:
        return self.opens_in > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """The answer to "may I?"; a probe's ticket carries its serial for the report."""

    admission: Admission
    probe: int | None
    opens_in: float


class Breakers:
    """Breakers by key: the account as the API names it (`email.main`)."""

    def __init__(
        self,
        through: Reach = reach,
        policy: Policy = DEFAULT,
        rng: Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reach = through
        self._policy = policy
        self._rng = rng or SystemRandom()
        self._clock = clock
        self._lock = threading.Lock()
        self._local: dict[str, State] = {}

    def look(self, keys: Sequence[str]) -> dict[str, View]:
        """How the breakers stand; changes nothing."""
        shared = self.look_shared(keys)
        if shared is not None:
            return shared
        with self._lock:
            return {key: _view(self._local.get(key, WELL), self._clock()) for key in keys}

    def look_shared(self, keys: Sequence[str]) -> dict[str, View] | None:
        """As `look`, None when Redis is away: what this process knows by itself says nothing about the others."""
        if not keys:
            return {}
        found = self._reach.run(_READ, [_name(key) for key in keys], [])
        if found is None:
            return None
        now = _seconds(found[0])
        return {key: _view(_decoded(text), now) for key, text in zip(keys, found[1], strict=True)}

    def admit(self, key: str) -> Ticket:
        """May a batch go to the account now? A PROBE must be reported, with its serial."""
        before, after, admission, now = self._change(key, lambda state, at: breaker.admit(state, at, self._policy))
        self._tell(key, before, after)
        probe = after.serial if admission is Admission.PROBE else None
        return Ticket(admission=admission, probe=probe, opens_in=_view(after, now).opens_in)

    def report(self, key: str, news: News) -> View:
        """Take in what calls told; how the breaker stands then."""
        jitter = self._rng.uniform(1 - JITTER, 1 + JITTER)

        def change(state: State, now: float) -> tuple[State, None]:
            return breaker.report(state, news, now, self._policy, jitter), None

        before, after, _, now = self._change(key, change)
        self._tell(key, before, after)
        return _view(after, now)

    def reset(self, key: str) -> None:
        """A person says that the account is well (resume)."""
        self._change(key, lambda state, now: (WELL, None))

    def _change(self, key: str, change: Callable[[State, float], tuple[State, T]]) -> tuple[State, State, T, float]:
        """Apply a change to the shared state, again from the start when somebody was faster."""
        for _ in range(TRIES):
            found = self._reach.run(_READ, [_name(key)], [])
            if found is None:
                break
            now, text = _seconds(found[0]), found[1][0] if found[1] else None
            before = _decoded(text)
            after, answer = change(before, now)
            if after == before:
                return before, after, answer, now
            swapped = self._reach.run(_SWAP, [_name(key)], [text or "", msgspec.json.encode(after), KEPT_SECONDS])
            if swapped:
                return before, after, answer, now
        return self._change_locally(key, change)

    def _change_locally(
        self, key: str, change: Callable[[State, float], tuple[State, T]]
    ) -> tuple[State, State, T, float]:
        with self._lock:
            now = self._clock()
            before = self._local.get(key, WELL)
            after, answer = change(before, now)
            self._local[key] = after
        return before, after, answer, now

    def _tell(self, key: str, before: State, after: State) -> None:
        if after.phase is not before.phase:
            level = log.warning if after.phase is Phase.OPEN else log.info
            level(
                "breaker_changed",
                account=key,
                was=before.phase,
                now=after.phase,
                failures=breaker.failures(after),
                openings=after.openings,
            )


def _view(state: State, now: float) -> View:
    refuses = state.phase is not Phase.CLOSED
    return View(
        phase=state.phase,
        failures=breaker.failures(state),
        opens_in=max(0.0, state.until - now) if refuses else 0.0,
    )


def _seconds(time_of_redis: Sequence[str]) -> float:
    return int(time_of_redis[0]) + int(time_of_redis[1]) / 1e6


def _decoded(text: str | None) -> State:
    if not text:
        return WELL
    try:
        return msgspec.json.decode(text, type=State)
    except msgspec.MsgspecError:
        return WELL  # another version's form: begin anew


def _name(key: str) -> str:
    return f"clarion:breaker:{key}"


breakers = Breakers()
