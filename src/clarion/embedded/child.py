"""One child process: how it is described, started in a session of its own, and ended with everything it started.

When to start and restart children is `supervisor.py`'s; what they print is `display.py`'s.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from clarion.embedded import shim
from clarion.embedded.account import Account

KILL_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """A program to keep running.

    `stop_signals` are tried in order, `grace_seconds` for each, before SIGKILL. Children of the highest `tier` are
    stopped first, all of a tier at once: what others lean on has a low tier.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    directory: Path | None = None
    account: Account | None = None
    stop_signals: tuple[signal.Signals, ...] = (signal.SIGTERM,)
    grace_seconds: float = 8.0
    tier: int = 1


class Child:
    """A started `ChildSpec`. Start it from a thread that lives as long as it should: the kernel watches that thread."""

    def __init__(self, spec: ChildSpec, output: int) -> None:
        """Start the program with stdout and stderr on the descriptor `output` (the caller closes its own copy)."""
        self.spec = spec
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            _shimmed(spec),
            env=_library_paths() | dict(spec.environment),
            cwd=spec.directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that killed it."""
        return self.process.poll()

    def ask_to_stop(self, stop_signal: signal.Signals) -> None:
        """Signal the leader only: a web server or worker tells its own children in its own way."""
        if self.exit_code is None:
            self.process.send_signal(stop_signal)

    def sweep(self) -> None:
        """SIGKILL whatever is left of the child's process group, the leader included, and reap the leader."""
        # The leader may be reaped already, but its group's id is not given to anybody while a member lives.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Ask, wait, insist; returns when the leader and its group are gone."""
        for stop_signal in self.spec.stop_signals:
            self.ask_to_stop(stop_signal)
            try:
                self.process.wait(self.spec.grace_seconds)
                break
            except subprocess.TimeoutExpired:
                continue
        self.sweep()


def _library_paths() -> dict[str, str]:
    """What the shim's interpreter may need to start at all, where Python was built in an unusual place."""
    names = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}


def _shimmed(spec: ChildSpec) -> list[str]:
    account = spec.account
    return [
        sys.executable,
        "-I",
        "-S",
        shim.__file__,
        str(os.getpid()),
        str(int(spec.stop_signals[0])),
        str(account.uid if account else -1),
        str(account.gid if account else -1),
        *spec.argv,
    ]
