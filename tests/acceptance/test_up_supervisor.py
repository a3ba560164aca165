"""The supervisor with real processes: a small one in Python plays `clarion up`."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

looks_at_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")

MAIN = """
    import sys
    from clarion.embedded.child import ChildSpec
    from clarion.embedded.supervisor import Supervisor
    def python(name, code, **more):
        return ChildSpec(name=name, argv=(sys.executable, "-u", "-c", code), **more)
    with Supervisor() as supervisor:
        {body}
        supervisor.say("all started")
        supervisor.supervise()
"""


class Running:
    """The playing `clarion up`, and what it has printed so far."""

    def __init__(self, body: str, output: Path) -> None:
        self.output = output
        with output.open("wb") as file:
            program = textwrap.dedent(MAIN).replace("{body}", textwrap.indent(textwrap.dedent(body), "    ").strip())
            self.process = subprocess.Popen([sys.executable, "-c", program], stdout=file, stderr=file)

    def text(self) -> str:
        return self.output.read_text()

    def wait_for(self, line: str) -> None:
        until(lambda: line in self.text() or self.process.poll() is not None)
        assert line in self.text(), self.text()

    def number_after(self, word: str) -> int:
        self.wait_for(f"{word}=")
        return int(self.text().split(f"{word}=")[1].split()[0])


def until(is_so: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def supervising(tmp_path: Path, body: str) -> Iterator[Running]:
    running = Running(body, tmp_path / "output")
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()


SLEEPER = "import os, time; print(f'sleeper={os.getpid()}'); time.sleep(600)"


def test_output_is_prefixed_and_a_crashed_child_is_restarted_and_that_is_said(tmp_path: Path) -> None:
    body = """supervisor.keep_running(python("flaky", "print('hello'); raise SystemExit(3)"))"""
    with supervising(tmp_path, body) as running:
        running.wait_for("clarion  | flaky ended (exit code 3); starting it again in 1 s")
        assert running.text().splitlines()[:4] == [
            "clarion  | all started",
            "flaky    | hello",
            "clarion  | flaky ended (exit code 3); starting it again in 0.5 s",
            "flaky    | hello",
        ]


@looks_at_proc
@pytest.mark.parametrize("stop_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all_and_every_grandchild_within_seconds_with_exit_code_0(
    tmp_path: Path, stop_signal: signal.Signals
) -> None:
    parent = (
        "import os, subprocess, sys, time\\n"
        "group = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\\n"
        "own = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\\n"
        "print(f'parent={os.getpid()} group={group.pid} own={own.pid}'); time.sleep(600)"
    )
    with supervising(tmp_path, f'supervisor.keep_running(python("parent", "{parent}"))') as running:
        pids = [running.number_after(word) for word in ("parent", "group", "own")]
        assert all(is_alive(pid) for pid in pids)
        started = time.monotonic()
        running.process.send_signal(stop_signal)
        assert running.process.wait(10) == 0
        assert time.monotonic() - started < 3
        assert [pid for pid in pids if is_alive(pid)] == []


def test_tiers_end_from_the_top_and_each_gets_its_own_signal(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\\n"
        "for n in (signal.SIGTERM, signal.SIGINT):\\n"
        "    signal.signal(n, lambda n, f: sys.exit(print('got', signal.Signals(n).name)))\\n"
        "print('ready'); time.sleep(600)"
    )
    body = f"""
        import signal
        supervisor.keep_running(python("store", "{code}", stop_signals=(signal.SIGINT, signal.SIGQUIT), tier=0))
        supervisor.keep_running(python("app", "{code}"))
    """
    with supervising(tmp_path, body) as running:
        running.wait_for("store    | ready")
        running.wait_for("app      | ready")
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert running.text().splitlines()[-2:] == ["app      | got SIGTERM", "store    | got SIGINT"]


DEAF = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(f'deaf={os.getpid()}'); "


@looks_at_proc
def test_a_child_that_will_not_listen_is_killed_after_its_grace(tmp_path: Path) -> None:
    body = f"""supervisor.keep_running(python("deaf", "{DEAF}time.sleep(600)", grace_seconds=1.0))"""
    with supervising(tmp_path, body) as running:
        deaf = running.number_after("deaf")
        running.process.terminate()
        assert running.process.wait(10) == 0
        assert not is_alive(deaf)


@looks_at_proc
def test_a_second_ctrl_c_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    body = f"""supervisor.keep_running(python("deaf", "{DEAF}time.sleep(600)", grace_seconds=60.0))"""
    with supervising(tmp_path, body) as running:
        deaf = running.number_after("deaf")
        started = time.monotonic()
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert running.process.poll() is None
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(10) == 0
        assert time.monotonic() - started < 5
        assert not is_alive(deaf)


@looks_at_proc
def test_a_killed_supervisor_takes_its_children_along(tmp_path: Path) -> None:
    body = f"""supervisor.keep_running(python("sleeper", "{SLEEPER}"))"""
    with supervising(tmp_path, body) as running:
        sleeper = running.number_after("sleeper")
        os.kill(running.process.pid, signal.SIGKILL)
        assert until(lambda: not is_alive(sleeper), 3)


def test_a_step_gives_its_exit_code_and_what_it_printed(tmp_path: Path) -> None:
    body = """
        code = supervisor.run_to_end(python("step", "print('stepping'); raise SystemExit(7)"))
        supervisor.say(f"step gave {code}")
    """
    with supervising(tmp_path, body) as running:
        running.wait_for("step gave 7")
        assert running.text().splitlines()[:2] == ["step     | stepping", "clarion  | step gave 7"]


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    body = """supervisor.keep_running(ChildSpec(name="gone", argv=("/no/such/program",)))"""
    with supervising(tmp_path, body) as running:
        running.wait_for("gone     | cannot start /no/such/program: No such file or directory")
        running.wait_for("gone ended (exit code 127)")


@looks_at_proc
def test_adopted_processes_that_end_are_reaped(tmp_path: Path) -> None:
    code = (
        "import subprocess, time\\n"
        "subprocess.Popen(['/bin/sh', '-c', 'sleep 0.1 & sleep 0.1 &'], start_new_session=True).wait(); time.sleep(600)"
    )
    with supervising(tmp_path, f'supervisor.keep_running(python("father", "{code}"))') as running:
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children")
        assert until(lambda: len(children.read_text().split()) == 3)
        assert until(lambda: len(children.read_text().split()) == 1)
