"""Crash points: named places at which a process can be told to die, stop, sleep or fail, to see what the others make of
it. Compiled in, and inert unless the environment arms one (CLARION_CRASH_POINT, and only with CLARION_CHAOS).

What is allowed at each point is in docs/reference/guarantees.md; `clarion chaos points` tries them. No point has a
meaning of its own here: the flows call `crash_point`, the configuration calls `arm`.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from pathlib import Path

import structlog

log = structlog.get_logger()


class Point(StrEnum):
    """Where a process may be hit; the C-numbers are those of the table in docs/reference/guarantees.md."""

    API_BEFORE_COMMIT = "api_before_commit"  # C0: the call's rows are written, not committed
    API_COMMITTED = "api_committed"  # C1: committed, not answered
    BELL_UNRUNG = "bell_unrung"  # C2: the work is committed, nobody was told
    BELL_MARKED = "bell_marked"  # C3: the bell is marked as rung, and is not
    WORKER_WOKEN = "worker_woken"  # C4: the bell is taken, nothing claimed
    WORKER_CLAIMED = "worker_claimed"  # C5: the claim is committed, nothing else done
    WORKER_HANDING_OVER = "worker_handing_over"  # C6: the intent is committed, the provider not called
    PROVIDER_TOOK = "provider_took"  # C7: the provider took it, its answer was not looked at
    WORKER_UNSETTLED = "worker_unsettled"  # C8: the answer is known, and not written
    WORKER_SETTLED = "worker_settled"  # C9: committed; the worker does nothing else any more
    CHAIN_HANDED_ON = "chain_handed_on"  # C10: the next channel of a chain is stored, not committed
    RETRY_GIVEN_BACK = "retry_given_back"  # C11: the time of the next attempt is written, not committed
    DEAD_LETTER_MOVED = "dead_letter_moved"  # C12: the state is `failed`, the dead letter not written
    BEAT_FOUND_DUE = "beat_found_due"  # C13: the scheduler knows what is due, and has not rung
    BULK_CHUNK_STORED = "bulk_chunk_stored"  # C14: a chunk of a bulk send is stored, its job does not know
    GROUP_CLOSING = "group_closing"  # C15: the items of a window are ended, their group is not stored
    CALLBACK_KEPT = "callback_kept"  # C17: a vendor's callback is stored, the vendor not answered
    CALLBACK_APPLIED = "callback_applied"  # C17: what it says is written, not committed


class Mode(StrEnum):
    """What happens: SIGKILL, SIGSTOP (somebody sends SIGCONT later), a sleep, an error nobody expects, a connection
    that is lost."""

    KILL = "kill"
    STOP = "stop"
    SLEEP = "sleep"
    RAISE = "raise"
    RESET = "reset"


class CrashPointHit(RuntimeError):
    """The error of Mode.RAISE."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """At which point what happens: at this process's `hit`-th time there, and `times` in all. With `note`, the times
    are counted over all processes: each writes a file `<note>.<n>` with its process id before it acts."""

    point: Point
    hit: int = 1
    mode: Mode = Mode.KILL
    seconds: float = 1.0
    times: int = 1
    note: str = ""


def parse_plan(text: str) -> Plan:
    """`worker_claimed:hit=3:mode=stop`; raises ValueError saying what to write."""
    name, *options = text.split(":")
    if name not in set(Point):
        raise ValueError(f"write a crash point; there are {', '.join(Point)}")
    given = dict(option.partition("=")[::2] for option in options)
    unknown = set(given) - {"hit", "mode", "seconds", "times", "note"}
    if unknown:
        raise ValueError("after the crash point come hit=, mode=, seconds=, times= and note=, separated by colons")
    mode = given.get("mode", Mode.KILL)
    if mode not in set(Mode):
        raise ValueError(f"mode= is one of {', '.join(Mode)}")
    return Plan(
        point=Point(name),
        hit=int(_number(given, "hit", 1)),
        mode=Mode(mode),
        seconds=_number(given, "seconds", 1.0),
        times=int(_number(given, "times", 1)),
        note=given.get("note", ""),
    )


def _number(given: dict[str, str], name: str, default: float) -> float:
    try:
        number = float(given.get(name, default))
    except ValueError:
        number = 0
    if not 0 < number <= 1_000_000:
        raise ValueError(f"{name}= is a number above 0")
    return number


Hook = Callable[[Point], None]
_armed: Hook | None = None


def crash_point(point: Point) -> None:
    """Here a process may be told to fail. Costs one comparison when nothing is armed."""
    if _armed is not None:
        _armed(point)


def arm(plan: Plan) -> None:
    """Act on this plan from now on."""
    global _armed  # noqa: PLW0603 - one plan a process, set at its start
    log.warning("crash_point_armed", point=str(plan.point), hit=plan.hit, mode=str(plan.mode))
    _armed = _trigger(plan)


@contextmanager
def watched(hook: Hook) -> Iterator[None]:
    """Tell `hook` of each point that is reached meanwhile; what it raises is raised at the point. For tests."""
    global _armed  # noqa: PLW0603 - see arm
    before, _armed = _armed, hook
    try:
        yield
    finally:
        _armed = before


def _trigger(plan: Plan) -> Hook:
    hits = count(1)  # counting is atomic, whichever thread comes
    acts = count(1)

    def reach(point: Point) -> None:
        if point is plan.point and next(hits) >= plan.hit and _may_act(plan, acts):
            _act(plan)

    return reach


def _may_act(plan: Plan, acts: "count[int]") -> bool:
    return _noted(plan) if plan.note else next(acts) <= plan.times


def _noted(plan: Plan) -> bool:
    """Whether this process is one of the first: the files tell it from those that came before."""
    for number in range(1, plan.times + 1):
        try:
            handle = os.open(Path(f"{plan.note}.{number}"), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        return True
    return False


def _act(plan: Plan) -> None:
    match plan.mode:
        case Mode.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Mode.STOP:
            os.kill(os.getpid(), signal.SIGSTOP)
        case Mode.SLEEP:
            time.sleep(plan.seconds)
        case Mode.RAISE:
            raise CrashPointHit(f"crash point {plan.point}")
        case Mode.RESET:
            raise ConnectionResetError(f"crash point {plan.point}")
