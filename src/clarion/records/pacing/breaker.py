"""The circuit breaker of one account as pure functions `(state, what happened, now) → state`.

Closed: everything passes. Open: nothing does, until the cool-down ends. Half-open: exactly one probe is out; its
report closes or opens again. Times are seconds of the store's clock. Who shares the state lives in breakers.py.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Admission(StrEnum):
    """May a batch go to the account: as usual, as the one probe, or not."""

    PASS = "pass"  # noqa: S105 - a word, not a secret
    PROBE = "probe"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Opens after `streak` failures in a row, or when more than `share` of at least `calls` within `window` seconds
    failed. Rests `cool_down` seconds, doubled with each opening up to `longest`, and forgets earlier openings after
    `forgive` seconds closed. A probe that says nothing for `probe_lease` seconds is given up."""

    streak: int = 5
    calls: int = 20
    share: float = 0.5
    window: float = 60.0
    slices: int = 6
    cool_down: float = 10.0
    longest: float = 300.0
    forgive: float = 600.0
    probe_lease: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Calls that went well and badly within one slice of the window; `number` counts slices since the epoch."""

    number: int
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`until`: when the cool-down, or the probe's lease, ends. `serial` names the probe that is out."""

    phase: Phase = Phase.CLOSED
    streak: int = 0
    slices: tuple[Slice, ...] = ()
    until: float = 0.0
    openings: int = 0
    serial: int = 0
    closed_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What calls to the account told, the bad ones last. `rest`: for how many seconds the account wishes to be left
    alone; `probe`: the serial of the probe that speaks, None for ordinary batches."""

    good: int = 0
    bad: int = 0
    rest: float = 0.0
    probe: int | None = None


WELL = State()
DEFAULT = Policy()


def admit(state: State, now: float, policy: Policy = DEFAULT) -> tuple[State, Admission]:
    """Ask before a batch is handed over. Only the first to ask after the cool-down gets the probe."""
    if state.phase is Phase.CLOSED:
        return state, Admission.PASS
    if now < state.until:
        return state, Admission.REFUSE
    probing = replace(state, phase=Phase.HALF_OPEN, until=now + policy.probe_lease, serial=state.serial + 1)
    return probing, Admission.PROBE


def report(state: State, news: News, now: float, policy: Policy = DEFAULT, jitter: float = 1.0) -> State:
    """Take in what calls told. While open or half-open only the probe that is out counts: what older batches say
    comes from before. `jitter` stretches the cool-down, so that workers and accounts do not come back in step."""
    if state.phase is not Phase.CLOSED:
        if state.phase is not Phase.HALF_OPEN or news.probe != state.serial:
            return state
        return _closed(state, now) if news.good and not news.bad else _opened(state, news, now, policy, jitter)
    counted = _counted(state, news, now, policy)
    if news.bad and (news.rest > 0 or _too_bad(counted, policy)):
        return _opened(counted, news, now, policy, jitter)
    return counted


def failures(state: State) -> int:
    """Failed calls within the window."""
    return sum(each.bad for each in state.slices)


def _counted(state: State, news: News, now: float, policy: Policy) -> State:
    current = int(now / (policy.window / policy.slices))
    kept = [each for each in state.slices if current - policy.slices < each.number < current]
    same = next((each for each in state.slices if each.number == current), Slice(number=current))
    kept.append(replace(same, good=same.good + news.good, bad=same.bad + news.bad))
    forgiven = state.openings and now - state.closed_at > policy.forgive
    return replace(
        state,
        slices=tuple(kept),
        streak=state.streak + news.bad if not news.good else news.bad,
        openings=0 if forgiven else state.openings,
    )


def _too_bad(state: State, policy: Policy) -> bool:
    bad = failures(state)
    calls = bad + sum(each.good for each in state.slices)
    return state.streak >= policy.streak or (calls >= policy.calls and bad > policy.share * calls)


def _opened(state: State, news: News, now: float, policy: Policy, jitter: float) -> State:
    grown = min(policy.cool_down * 2 ** min(state.openings, 20), policy.longest) * jitter
    rest = max(grown, min(news.rest, 3_600.0))
    return replace(state, phase=Phase.OPEN, until=now + rest, openings=state.openings + 1)


def _closed(state: State, now: float) -> State:
    return replace(WELL, openings=state.openings, serial=state.serial, closed_at=now)
