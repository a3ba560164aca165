"""Servers that outlived a killed supervisor: recognise ours by pid file and working directory, and end them.

A pid alone proves nothing, since pids are used again; both servers work in their data directory, as nobody else does.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

PROC = Path("/proc")
BACKENDS_SECONDS = 5.0


def end_orphan(pid_file: Path, directory: Path, stop_signals: tuple[signal.Signals, ...], grace_seconds: float) -> bool:
    """End the process the pid file names, if it lives and works in `directory`; True if there was one."""
    pid = _read_pid(pid_file)
    if pid is None or not _works_in(pid, directory):
        return False
    for stop_signal in (*stop_signals, signal.SIGKILL):
        try:
            os.kill(pid, stop_signal)
        except ProcessLookupError:
            return True
        deadline = time.monotonic() + grace_seconds
        while time.monotonic() < deadline:
            if not _works_in(pid, directory):
                return True
            time.sleep(0.05)
    return True


def remove_misleading(pid_file: Path, directory: Path) -> None:
    """Remove a pid file whose pid has gone to a stranger, if nobody works in `directory` any more.

    PostgreSQL will not start while the pid lives, whoever it is now: usual in containers, where pids are few.
    Call it after `end_orphan`, with the data directory locked.
    """
    pid = _read_pid(pid_file)
    if pid is None or not (PROC / "self" / "cwd").exists() or not _is_alive(pid) or _works_in(pid, directory):
        return
    # Backends without a postmaster end by themselves; while one lives, the file protects the data from a second server.
    deadline = time.monotonic() + BACKENDS_SECONDS
    while any(_works_in(int(process.name), directory) for process in PROC.iterdir() if process.name.isdigit()):
        if time.monotonic() > deadline:
            return
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text("ascii").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _works_in(pid: int, directory: Path) -> bool:
    if (PROC / "self" / "cwd").exists():
        try:
            return (PROC / str(pid) / "cwd").readlink() == directory.resolve()
        except OSError:  # gone, a zombie, or somebody else's
            return False
    command = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(directory) in command.stdout
