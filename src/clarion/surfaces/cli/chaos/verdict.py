"""The judgement, from outside: the clients' log of what was acknowledged against the sinks' ledger of what they took.

Jepsen's total-queue: lost = acknowledged − taken, after a full drain; a double is an id taken more than once. A double
is allowed only where a fault stood between handing over and settling: its first copy was taken inside a fault's window.
Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """One 201: the notification's id, when the answer came, and when it falls due (Unix times)."""

    id: str
    at: float
    due: float
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One mail or call in a sink's ledger."""

    id: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """While a fault could leave a message handed over and not settled (Unix times)."""

    begins: float
    ends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`lost`: acknowledged, never taken. `phantoms`: taken, never acknowledged. `doubled`: copies beyond the first;
    `bound`: how many messages the windows held, the most that may be doubled; `outside`: doubles no window explains.
    `stall`: the longest way of one message from acknowledged and due to the sink, in seconds; `gap`: from the first
    copy of a double to the last, at the most: so long it took until what a dead worker held was taken up."""

    lost: int
    phantoms: int
    doubled: int
    bound: int
    outside: int
    stall: float
    gap: float = 0.0


def judge(acknowledged: Sequence[Acknowledged], taken: Iterable[Taken], windows: Sequence[Window]) -> Verdict:
    """Compare the two. Valid after a full drain only."""
    copies: dict[str, list[float]] = {}
    for each in taken:
        copies.setdefault(each.id, []).append(each.at)
    for times in copies.values():
        times.sort()
    known = {each.id for each in acknowledged}
    doubles = {name: times for name, times in copies.items() if len(times) > 1}
    return Verdict(
        lost=sum(name not in copies for name in known),
        phantoms=sum(name not in known for name in copies),
        doubled=sum(len(times) - 1 for times in doubles.values()),
        bound=sum(_inside(at, windows) for times in copies.values() for at in times[:1]),
        outside=sum(not _inside(at, windows) for times in doubles.values() for at in times[:-1]),
        stall=_longest_way(acknowledged, copies),
        gap=max([0.0, *(times[-1] - times[0] for times in doubles.values())]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """After what was down came back, at the worst: seconds until the first message was taken, and until the last was
    that had waited for it."""

    first: float
    last: float


def recovery(back: Sequence[float], acknowledged: Sequence[Acknowledged], taken: Sequence[Taken]) -> Recovery:
    """Each moment counts until the next one."""
    copies: dict[str, float] = {}
    for each in taken:
        copies[each.id] = min(each.at, copies.get(each.id, each.at))
    times = sorted(copies.values())
    ends = [*back, float("inf")][1:]
    firsts = [
        next((at - moment for at in times if moment <= at < end), 0.0) for moment, end in zip(back, ends, strict=True)
    ]
    lasts = [_waited(each, copies[each.id], back) for each in acknowledged if each.id in copies]
    return Recovery(first=max([0.0, *firsts]), last=max([0.0, *lasts]))


def _waited(message: Acknowledged, taken_at: float, back: Sequence[float]) -> float:
    """How long it waited after the last time that something came back; 0 for one that came later."""
    ready = max(message.at, message.due)
    latest = max((moment for moment in back if moment <= taken_at), default=0.0)
    return taken_at - latest if latest >= ready else 0.0


def _inside(at: float, windows: Sequence[Window]) -> bool:
    return any(window.begins <= at <= window.ends for window in windows)


def _longest_way(acknowledged: Sequence[Acknowledged], copies: Mapping[str, Sequence[float]]) -> float:
    ways = [copies[each.id][0] - max(each.at, each.due) for each in acknowledged if each.id in copies]
    return max([0.0, *ways])
