"""The processes of a system under test, found as the direct children of its `clarion up`, and what memory they took."""

from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def children_of(parent: int, word: str) -> list[int]:
    """The direct children of `parent` whose command line holds `word`; Linux only."""
    processes = (entry for entry in PROC.iterdir() if entry.name.isdigit())
    return sorted(int(each.name) for each in processes if _parent(each) == parent and word in _command(each))


def forget_peak(pid: int) -> None:
    """Let `peak_mib` count from now on; where the kernel refuses, it counts from the start."""
    with suppress(OSError):
        (PROC / str(pid) / "clear_refs").write_text("5", "ascii")


def peak_mib(pid: int) -> float:
    """The most memory a process had resident (VmHWM) since `forget_peak`; 0 where it is gone."""
    return _memory(pid, "VmHWM:")


def resident_mib(pid: int) -> float:
    """What it has resident now; 0 where it is gone."""
    return _memory(pid, "VmRSS:")


def _memory(pid: int, name: str) -> float:
    try:
        lines = (PROC / str(pid) / "status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def _parent(entry: Path) -> int:
    try:  # "pid (name) state ppid …", and the name may hold spaces and brackets
        return int((entry / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def _command(entry: Path) -> str:
    try:
        return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""
