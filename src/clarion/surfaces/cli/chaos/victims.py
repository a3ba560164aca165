"""Whom a fault may be done to: processes of our own throwaway system, by their recorded ids, and nobody else.

A pid counts only while it is a child of the system's own `clarion up`.
"""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
import redis

from clarion.surfaces.cli.bench.children import children_of
from clarion.surfaces.cli.bench.ground import Ground
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.bench.system import BenchSystem
from clarion.surfaces.cli.running_system import stores_of

WORKER = "clarion.config.celery:app"
POSTGRES = "unix_socket_directories="
VALKEY = "valkey"  # in its program's path; it writes the rest of its command line anew
THERE_SECONDS = 45.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Victims:
    """The processes of one system, and, where a fault is theirs, the ground with its sinks."""

    system: BenchSystem
    ground: Ground | None = None

    def workers(self) -> list[int]:
        """The worker processes that run now; each leads its process group."""
        return children_of(self.system.pid, WORKER)

    def await_ready(self, number: int, *, without: int) -> None:
        """Wait until so many workers have signed as alive, as an orchestrator does before it goes on. Raises
        BenchFailed."""
        deadline = time.monotonic() + THERE_SECONDS
        while time.monotonic() < deadline:
            pids = set(self.workers()) - {without}
            if len(pids & self._signed()) >= number:
                return
            time.sleep(0.1)
        raise BenchFailed(f"The workers were not ready again within {THERE_SECONDS:.0f} s.")

    def _signed(self) -> set[int]:
        """The processes that signed in Redis lately: `worker|host:pid|lanes`."""
        client = redis.Redis.from_url(self.redis_url(), socket_timeout=2, decode_responses=True)
        try:
            members: list[str] = client.zrange("clarion:alive", 0, -1)  # type: ignore[assignment]
        except redis.RedisError:
            return set()
        finally:
            client.close()
        names = [member.split("|") for member in members]
        return {int(name[1].rpartition(":")[2]) for name in names if name[0] == "worker"}

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
        return self._group(pid, signal.SIGKILL)

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

    def pause(self, pid: int) -> bool:
        """SIGSTOP a child's process group."""
        return self._group(pid, signal.SIGSTOP)

    def go_on(self, pid: int) -> bool:
        """SIGCONT it."""
        return self._group(pid, signal.SIGCONT)

    def _group(self, pid: int, number: signal.Signals) -> bool:
        ours = pid in children_of(self.system.pid, "") and os.getpgid(pid) == pid
        return ours and _sent(lambda: os.killpg(pid, number))

    def waiting(self) -> int | None:
        """How many notifications are not settled, those left aside that are held as unclear; None while the database
        does not answer."""
        return self._count("SELECT count(*) FROM ledger_queue WHERE NOT awaits")

    def held(self) -> int:
        """How many are held as unclear; -1 while the database does not answer."""
        count = self._count("SELECT count(*) FROM ledger_queue WHERE awaits")
        return -1 if count is None else count

    def made_since(self, moment: float) -> list[tuple[str, float]]:
        """The notifications made since then (Unix time), and when each was. Raises BenchFailed."""
        url = stores_of(self.system.data_dir).get("CLARION_DATABASE_URL", "")
        statement = (
            "SELECT id::text, extract(epoch FROM created_at)::float8 FROM ledger_notification"
            " WHERE created_at >= to_timestamp(%s)"
        )
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                return [(str(name), float(at)) for name, at in connection.execute(statement, [moment])]
        except psycopg.Error as error:
            raise BenchFailed("The ledger of the system under test could not be read.") from error

    def cut_sessions(self) -> int:
        """End every session of the database but ours, as a network that drops connections does; how many."""
        ended = self._count(
            "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        return ended or 0

    def _count(self, statement: LiteralString) -> int | None:
        url = stores_of(self.system.data_dir).get("CLARION_DATABASE_URL", "")
        try:
            with psycopg.connect(url, connect_timeout=2) as connection:
                row = connection.execute(statement).fetchone()
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
