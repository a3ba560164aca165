"""Keeps a set of children running in the foreground: output, restarts, an orderly end.

One thread does everything: PR_SET_PDEATHSIG is tied to the thread that starts a child, and signals need no locks this
way. What the children are is `clarion up`'s business.
"""

import os
import selectors
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Self

from clarion.embedded import strays
from clarion.embedded.backoff import Backoff
from clarion.embedded.child import Child, ChildSpec
from clarion.embedded.display import Display, LineBuffer

OWN_NAME = "clarion"
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TICK_SECONDS = 0.1
REAP_EVERY_SECONDS = 2.0
HURRIED_SECONDS = 1.0
KILL_STRAYS_SECONDS = 2.0


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM; unwind to the supervisor's end."""


@dataclass(slots=True)
class _Kept:
    """A child that is to run, whether it does at the moment or waits for its next start."""

    spec: ChildSpec
    child: Child | None = None
    backoff: Backoff = field(default_factory=Backoff)
    start_at: float = 0.0


class Supervisor:
    """Use as a context manager around everything that starts children: leaving it ends them all, in every case."""

    def __init__(self, display: Display | None = None) -> None:
        """Nothing starts yet."""
        self._display = display or Display(sys.stdout)
        self._kept: list[_Kept] = []
        self._selector = selectors.DefaultSelector()
        self._once: Child | None = None
        self._signals = 0
        self._next_reap = 0.0
        self._previous: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        """Take over the stopping signals."""
        strays.adopt_orphans()
        for number in STOPPING_SIGNALS:
            self._previous[number] = signal.signal(number, self._note_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """End every child; a requested stop ends here, anything else goes on."""
        self._stop_all()
        for number, previous in self._previous.items():
            signal.signal(number, previous)  # type: ignore[arg-type]
        self._selector.close()
        return kind is StopRequested

    def say(self, text: str) -> None:
        """Print a line of our own among the children's."""
        self._display.line(OWN_NAME, text)

    def keep_running(self, spec: ChildSpec) -> None:
        """Start a child and restart it whenever it ends."""
        kept = _Kept(spec=spec)
        self._kept.append(kept)
        kept.child = self._start(spec)

    def run_to_end(self, spec: ChildSpec) -> int:
        """Start a program once, show what it prints, return its exit code; the others are supervised meanwhile."""
        self._once = child = self._start(spec)
        try:
            while child.exit_code is None:
                self._tick()
        finally:
            child.stop()
            self._once = None
            self._drain()
        return child.process.returncode

    def wait_until(self, is_ready: Callable[[], bool], timeout_seconds: float) -> bool:
        """Supervise until the question is answered with yes (True) or the time is over (False)."""
        deadline = time.monotonic() + timeout_seconds
        asked_at = float("-inf")
        while time.monotonic() < deadline:
            # asking may itself make a child print, which ends the tick early: pace the questions, not the ticks
            if time.monotonic() - asked_at >= TICK_SECONDS:
                asked_at = time.monotonic()
                if is_ready():
                    return True
            self._tick()
        return False

    def supervise(self) -> None:
        """Go on until somebody asks us to stop, which is raised as StopRequested and ends at the `with`."""
        while True:
            self._tick()

    def _note_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _tick(self) -> None:
        if self._signals:
            raise StopRequested
        self._show_output(TICK_SECONDS)
        for kept in self._kept:
            self._look_after(kept)
        if time.monotonic() >= self._next_reap:
            self._next_reap = time.monotonic() + REAP_EVERY_SECONDS
            strays.reap(self._own_pids())

    def _look_after(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.child is None:
            if now >= kept.start_at:
                kept.child = self._start(kept.spec)
            return
        code = kept.child.exit_code
        if code is None:
            return
        kept.child.sweep()  # workers of a dead master would hold its port
        wait = kept.backoff.after_crash(now - kept.child.started_at)
        kept.child, kept.start_at = None, now + wait
        self._drain()
        self.say(f"{kept.spec.name} ended ({describe_exit(code)}); starting it again in {wait:g} s")

    def _start(self, spec: ChildSpec) -> Child:
        reader, writer = os.pipe()
        try:
            child = Child(spec, writer)
        finally:
            os.close(writer)
        os.set_blocking(reader, False)
        self._selector.register(reader, selectors.EVENT_READ, (spec.name, LineBuffer()))
        return child

    def _show_output(self, wait_seconds: float) -> bool:
        """Print what has come; True if anything has."""
        if not self._selector.get_map():
            time.sleep(wait_seconds)
            return False
        events = self._selector.select(wait_seconds)
        for key, _ in events:
            name, buffer = key.data
            data = os.read(key.fd, 65536)
            for line in buffer.feed(data) if data else buffer.rest():
                self._display.line(name, line)
            if not data:
                self._selector.unregister(key.fd)
                os.close(key.fd)
        return bool(events)

    def _drain(self) -> None:
        for _ in range(1000):  # a bound, because somebody may write for ever
            if not self._show_output(0):
                return

    def _own_pids(self) -> set[int]:
        children = [self._once, *(kept.child for kept in self._kept)]
        return {child.process.pid for child in children if child is not None}

    def _stop_all(self) -> None:
        running = [kept.child for kept in self._kept if kept.child is not None]
        for tier in sorted({child.spec.tier for child in running}, reverse=True):
            self._stop_tier([child for child in running if child.spec.tier == tier])
        self._kept.clear()
        strays.kill_all((), KILL_STRAYS_SECONDS)
        self._drain()
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fd)
            os.close(key.fd)

    def _stop_tier(self, children: list[Child]) -> None:
        """Each child's signals one after the other, then SIGKILL; a second Ctrl-C shortens all this to a second."""
        for step in range(max(len(child.spec.stop_signals) for child in children)):
            hurried = self._signals > 1
            for child in children:
                signals = child.spec.stop_signals
                if hurried or step < len(signals):
                    child.ask_to_stop(signals[-1] if hurried else signals[step])
            if self._wait_for(children, max(child.spec.grace_seconds for child in children)):
                break
        for child in reversed(children):
            child.sweep()

    def _wait_for(self, children: list[Child], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        hurried = False
        while any(child.exit_code is None for child in children):
            if self._signals > 1 and not hurried:
                hurried, deadline = True, min(deadline, time.monotonic() + HURRIED_SECONDS)
            if time.monotonic() >= deadline:
                return False
            self._show_output(0.02)
        return True


def describe_exit(code: int) -> str:
    """An exit code as people say it."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
