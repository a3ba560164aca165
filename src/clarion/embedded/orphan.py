"""Servers that outlived a killed supervisor: recognise ours by pid file and working directory, and end them.

A pid alone proves nothing, since pids are used again; both servers work in their data directory, as nobody else does.
"""

import os
import signal
import subprocess
import time
from pathlib import Path


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


def _read_pid(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text("ascii").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _works_in(pid: int, directory: Path) -> bool:
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").readlink() == directory.resolve()
        except OSError:  # gone, a zombie, or somebody else's
            return False
    command = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return str(directory) in command.stdout
