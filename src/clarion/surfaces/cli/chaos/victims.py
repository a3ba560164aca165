"""Whom a fault may be done to: processes of our own throwaway system, by their recorded ids, and nobody else.

A pid counts only while it is a child of the system's own `clarion up`.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from clarion.surfaces.cli.bench.children import children_of
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.bench.system import BenchSystem
from clarion.surfaces.cli.running_system import stores_of

WORKER = "clarion.config.celery:app"
POSTGRES = "unix_socket_directories="
VALKEY = "valkey"  # in its program's path; it writes the rest of its command line anew
THERE_SECONDS = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Victims:
    """The processes of one system."""

    system: BenchSystem

    def workers(self) -> list[int]:
        """The worker processes that run now; each leads its process group."""
        return children_of(self.system.pid, WORKER)

    def await_one(self, word: str, *, other_than: int = 0) -> int:
        """The child with this word in its command line, once it is there. Raises BenchFailed."""
        deadline = time.monotonic() + THERE_SECONDS
        while time.monotonic() < deadline:
            found = [pid for pid in children_of(self.system.pid, word) if pid != other_than]
            if found:
                return found[0]
            time.sleep(0.05)
        raise BenchFailed(f"A process of the system under test did not come back within {THERE_SECONDS:.0f} s.")

    def kill_group(self, pid: int) -> bool:
        """SIGKILL a child's whole process group; False when it is no child of ours any more."""
        if pid not in children_of(self.system.pid, "") or os.getpgid(pid) != pid:
            return False
        return _sent(lambda: os.killpg(pid, signal.SIGKILL))

    def kill(self, pid: int) -> bool:
        """SIGKILL one child alone."""
        return self._signal(pid, signal.SIGKILL)

    def ask_to_stop(self, pid: int) -> bool:
        """SIGTERM one child."""
        return self._signal(pid, signal.SIGTERM)

    def _signal(self, pid: int, number: signal.Signals) -> bool:
        return pid in children_of(self.system.pid, "") and _sent(lambda: os.kill(pid, number))

    def redis_url(self) -> str:
        """The bundled Valkey's. Raises BenchFailed when its file is not there."""
        url = stores_of(self.system.data_dir).get("CLARION_REDIS_URL", "")
        if not url:
            raise BenchFailed("The bundled servers of the system under test were not found.")
        return url

    def waiting(self) -> int | None:
        """How many notifications are not settled; None while the database does not answer."""
        url = stores_of(self.system.data_dir).get("CLARION_DATABASE_URL", "")
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute("SELECT count(*) FROM ledger_queue").fetchone()
        except psycopg.Error:
            return None
        return int(row[0]) if row else None


def _sent(act: Callable[[], None]) -> bool:
    try:
        act()
    except ProcessLookupError:
        return False
    return True


def log_path(system: BenchSystem, name: str) -> Path:
    """Where the clients' log goes: beside the system's data, gone with it."""
    return Path(system.data_dir) / f"chaos-{name}.log"
