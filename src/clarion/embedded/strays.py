"""Grandchildren that left their process group: adopted, reaped and at the end killed. Linux only; elsewhere a no-op.

PostgreSQL's backends, for one, each open a session of their own, so killing the postmaster's group misses them.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """From now on orphaned descendants become our children instead of init's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(known: Collection[int]) -> list[int]:
    """Collect the adopted ones that have ended, and return the pids of those that still run.

    `known` are the pids that subprocess waits for itself: their exit codes are not ours to take.
    """
    alive = []
    for pid in _children():
        if pid in known:
            continue
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            continue
        if not ended:
            alive.append(pid)
    return alive


def kill_all(known: Collection[int], within_seconds: float) -> None:
    """SIGKILL every adopted process; in rounds, for each may leave us its own children."""
    deadline = time.monotonic() + within_seconds
    while (alive := reap(known)) and time.monotonic() < deadline:
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.02)


def _children() -> list[int]:
    """Our direct children, of all threads; asked of every process's parent, since the kernel may lack `children`."""
    if sys.platform != "linux":
        return []
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [int(process.name) for process in processes if _parent(process) == os.getpid()]


def _parent(process: Path) -> int | None:
    try:
        status = (process / "stat").read_text("ascii", "replace")
    except OSError:
        return None
    # "pid (name) state ppid …", and the name may hold spaces and brackets.
    return int(status.rpartition(")")[2].split()[1])
