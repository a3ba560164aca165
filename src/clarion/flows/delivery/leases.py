"""Keeping leases: while a batch is being sent, its lease is pushed out, however slow the provider is. A worker that
dies stops pushing, and its work is claimed again when the lease ends.

How long a lease lasts is also reckoned here, by our own clock and on the safe side, so that a worker that was stopped
for a while hands nothing over that others have taken up meanwhile.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, connection

from clarion.flows.delivery.presence import presence
from clarion.flows.delivery.stopping import stopping
from clarion.records.ledger import queue

log = structlog.get_logger()


class Keeper:
    """One thread a process that renews every lease held in it."""

    def __init__(self) -> None:
        self._ends: dict[int, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextmanager
    def holding(self, lease: int, asked_at: float | None = None) -> Iterator[None]:
        """Renew this lease until the block ends. `asked_at`: when it was asked for, a monotonic time."""
        with self._lock:
            self._ends[lease] = (monotonic() if asked_at is None else asked_at) + queue.LEASE.total_seconds()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._ends.pop(lease, None)

    def held(self) -> list[int]:
        """The leases in hand."""
        with self._lock:
            return list(self._ends)

    def may_begin(self, lease: int) -> bool:
        """Whether a message may still be handed over under this lease: it lasts, nobody can think us gone, and we are
        not asked to stop."""
        return monotonic() < self._ends.get(lease, 0.0) and presence.vouches_for(lease) and not stopping.is_set()

    def _run(self) -> None:
        pause = threading.Event()
        idle = 0
        while idle < 6:
            pause.wait(queue.LEASE.total_seconds() / 3)
            with self._lock:
                held = list(self._ends)
                idle = 0 if held else idle + 1
                if idle >= 6:
                    self._thread = None
            if held:
                self._renew(held)

    def _renew(self, held: list[int]) -> None:
        asked_at = monotonic()
        try:
            lasting = queue.renew(held)
        except (DatabaseError, InterfaceError) as error:
            log.warning("lease_not_renewed", kind=type(error).__name__)
            return
        finally:
            # once in ten seconds: not worth a connection held open by an idle worker
            connection.close()
        with self._lock:
            for lease in lasting & self._ends.keys():
                self._ends[lease] = asked_at + queue.LEASE.total_seconds()


keeper = Keeper()
