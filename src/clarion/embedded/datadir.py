"""The data directory of `clarion up`: its making and the lock that keeps a second system out of it.

The lock is flock(2) on an open file, so the kernel lets go of it however the holder dies; the text in the file (the
holder's pid) is for people and for noticing that the last run did not end by itself. What lies inside belongs to
others: `keys.py`, `cluster.py`, `broker.py`.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clarion.embedded.errors import AlreadyRunning, EmbeddedError


def make_data_dir(path: Path) -> Path:
    """Return `path` as an absolute directory, made with mode 0700 if it is new; an existing one keeps its mode."""
    path = path.expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError:
        raise EmbeddedError(f"{path} is not a directory. Choose another one with --data-dir.") from None
    except OSError as error:
        raise EmbeddedError(
            f"Cannot make the data directory {path}: {error.strerror}. Choose another one with --data-dir."
        ) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise EmbeddedError(f"The data directory {path} is not writable. Choose another one with --data-dir.")
    return path.resolve()


@contextmanager
def locked(data_dir: Path) -> Iterator[bool]:
    """Hold the directory for this process; yields whether the last holder was killed (it may have left processes).

    Raises AlreadyRunning while another process holds it. A file left behind by a killed process never blocks.
    """
    # Not inheritable (Python's default): a child that outlives us must not keep the lock.
    try:
        handle = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(
            f"Cannot open {data_dir / 'lock'}: {error.strerror}. Was Clarion started here as another user?"
        ) from error
    try:
        _take(handle, data_dir)
        was_killed = bool(os.pread(handle, 32, 0).strip())
        _write(handle, f"{os.getpid()}\n")
        try:
            yield was_killed
        finally:
            _write(handle, "")
    finally:
        os.close(handle)


def _take(handle: int, data_dir: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
        raise AlreadyRunning(
            f"Clarion is already running on {data_dir} (process {holder}). "
            "Stop it, or give this one another --data-dir and --port."
        ) from None


def _write(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode("ascii"), 0)
