"""Keeping leases: while a batch is being sent, its lease is pushed out, however slow the provider is. A worker that
dies stops pushing, and its work is claimed again when the lease ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.db import DatabaseError, InterfaceError, connection

from clarion.records.ledger import queue

log = structlog.get_logger()


class Keeper:
    """One thread a process that renews every lease held in it."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, lease: int) -> Iterator[None]:
        """Renew this lease until the block ends."""
        with self._lock:
            self._held.add(lease)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(lease)

    def _run(self) -> None:
        pause = threading.Event()
        idle = 0
        while idle < 6:
            pause.wait(queue.LEASE.total_seconds() / 3)
            with self._lock:
                held = list(self._held)
                idle = 0 if held else idle + 1
                if idle >= 6:
                    self._thread = None
            if held:
                self._renew(held)

    def _renew(self, held: list[int]) -> None:
        try:
            queue.renew(held)
        except (DatabaseError, InterfaceError) as error:
            log.warning("lease_not_renewed", kind=type(error).__name__)
        finally:
            # once in ten seconds: not worth a connection held open by an idle worker
            connection.close()


keeper = Keeper()
