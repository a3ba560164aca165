"""The crash points' own machinery: what may be written in CLARION_CRASH_POINT, and what a plan does when it is due."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clarion.config.environment import ConfigurationError, read_environment
from clarion.records.crashing import CrashPointHit, Mode, Plan, Point, arm, crash_point, parse_plan, watched


def test_nothing_happens_where_nothing_is_armed() -> None:
    for point in Point:
        crash_point(point)


def test_a_plan_is_read_with_its_defaults_and_with_everything() -> None:
    assert parse_plan("worker_woken") == Plan(point=Point.WORKER_WOKEN)
    assert parse_plan("api_committed:hit=3:mode=sleep:seconds=0.5:times=2:note=/tmp/x") == Plan(
        point=Point.API_COMMITTED, hit=3, mode=Mode.SLEEP, seconds=0.5, times=2, note="/tmp/x"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere", "write a crash point; there are api_before_commit, "),
        ("worker_woken:mode=burn", "mode= is one of kill, stop, sleep, raise, reset"),
        ("worker_woken:hit=no", "hit= is a number above 0"),
        ("worker_woken:hit=0", "hit= is a number above 0"),
        ("worker_woken:colour=red", "after the crash point come hit=, mode=, seconds=, times= and note="),
    ],
)
def test_what_cannot_be_read_is_refused_and_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_plan(text)
    with pytest.raises(ConfigurationError, match="CLARION_CRASH_POINT"):
        read_environment({"CLARION_CHAOS": "1", "CLARION_CRASH_POINT": text})


def test_a_crash_point_without_the_second_switch_ends_the_start() -> None:
    with pytest.raises(ConfigurationError, match="set CLARION_CHAOS=1 as well"):
        read_environment({"CLARION_CRASH_POINT": "worker_woken"})
    with pytest.raises(ConfigurationError, match="set CLARION_CHAOS=1 as well"):
        read_environment({"CLARION_CHAOS": "0", "CLARION_CRASH_POINT": "worker_woken"})
    assert read_environment({"CLARION_CHAOS": "1", "CLARION_CRASH_POINT": "worker_woken"}).crash_point == "worker_woken"


def reached(plan: str, point: Point) -> str:
    """What happened at the point under this plan, by the error's name."""
    with watched(lambda _: None):
        arm(parse_plan(plan))
        try:
            crash_point(point)
        except (CrashPointHit, ConnectionResetError) as error:
            return type(error).__name__
        return ""


def test_only_the_hit_that_is_meant_counts_and_only_at_its_point() -> None:
    with watched(lambda _: None):
        arm(parse_plan("worker_woken:hit=3:mode=raise"))
        for _ in range(2):
            crash_point(Point.WORKER_WOKEN)
        crash_point(Point.WORKER_CLAIMED)
        with pytest.raises(CrashPointHit):
            crash_point(Point.WORKER_WOKEN)
        crash_point(Point.WORKER_WOKEN)  # once, unless told otherwise
    crash_point(Point.WORKER_WOKEN)  # nothing is armed any more


def test_a_connection_may_be_lost_instead() -> None:
    assert reached("worker_woken:mode=reset", Point.WORKER_WOKEN) == "ConnectionResetError"


def test_a_sleep_ends() -> None:
    began = time.monotonic()
    assert reached("worker_woken:mode=sleep:seconds=0.05", Point.WORKER_WOKEN) == ""
    assert time.monotonic() - began >= 0.05


def test_with_a_note_the_times_are_counted_over_all_processes(tmp_path: Path) -> None:
    plan = f"worker_woken:mode=raise:times=2:note={tmp_path}/note"
    assert [reached(plan, Point.WORKER_WOKEN) for _ in range(3)] == ["CrashPointHit", "CrashPointHit", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["note.1", "note.2"]
    assert (tmp_path / "note.1").read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize(("mode", "number"), [("kill", signal.SIGKILL), ("stop", signal.SIGSTOP)])
def test_a_process_is_killed_or_stopped_on_the_spot(mode: str, number: signal.Signals) -> None:
    code = (
        "from clarion.records.crashing import Point, arm, crash_point, parse_plan\n"
        f"arm(parse_plan('worker_woken:mode={mode}'))\n"
        "crash_point(Point.WORKER_WOKEN)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    _, status = os.waitpid(child.pid, os.WUNTRACED)
    if mode == "stop":
        assert os.WSTOPSIG(status) == number
        child.send_signal(signal.SIGCONT)
        _, status = os.waitpid(child.pid, 0)
        assert os.WEXITSTATUS(status) == 0
    else:
        assert os.WTERMSIG(status) == number
    child.returncode = 0
