"""This worker's presence: a mark in its leases and a lock on that mark, so that what it held when it died is taken up
in seconds. The fence stays the lease: freed too early, work may be sent twice but is never written twice.

A mark is given up when the database failed us: a claim may have been committed whose answer we never heard, and what is
under the old mark and in nobody's hand here is then free soon. A mark with work in hand keeps its lock.

Whether our locks stand is known as of the last look that ended well. When looks stay out (the database does not answer,
the thread hangs), nothing is vouched for, though no fault was seen.
"""

import threading
from collections.abc import Callable, Collection
from random import SystemRandom
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, connection

from clarion.records.ledger import presence as locks

SECONDS = 1.0
# a lock that was lost is taken again within this, or nothing more is handed over under its mark
DOUBT_SECONDS = 2.0
# so long a lock has been gone before a worker is: it may only have lost its connection
GONE_SECONDS = 5.0
log = structlog.get_logger()


class Presence:
    """One for a worker process. Without `start` there is no mark, and leases simply run out."""

    def __init__(self) -> None:
        self._wanted = locks.UNMARKED
        self._unsure: dict[int, float] = {}
        self._kept_at = float("-inf")
        self._in_hand: Callable[[], Collection[int]] = frozenset
        self._wake = threading.Event()
        self._over = threading.Event()

    def start(self, in_hand: Callable[[], Collection[int]]) -> None:
        """Hold a mark from now on; `in_hand` names the leases being worked on."""
        self._in_hand = in_hand
        self._kept_at = monotonic()
        self.renew()
        threading.Thread(target=self._run, name="presence", daemon=True).start()

    def stop(self) -> None:
        """Let the thread end; its locks go with its connection."""
        self._over.set()
        self._wake.set()

    @property
    def mark(self) -> int:
        """The mark for a claim now. Its lock may be a moment away: that is for `vouches_for` to tell."""
        return self._wanted

    def renew(self) -> None:
        """Take another mark for what is claimed from now on."""
        self._wanted = SystemRandom().randrange(1, 2**locks.MARK_BITS)
        self._wake.set()

    def vouches_for(self, lease: int) -> bool:
        """Whether nobody can have been told that we are gone: then what the lease holds may be handed over."""
        mark = locks.mark_of(lease)
        since = self._unsure.get(mark)
        sure = mark == locks.UNMARKED or self.is_sure
        return sure and (since is None or monotonic() - since < DOUBT_SECONDS)

    @property
    def is_sure(self) -> bool:
        """Whether our locks were looked at lately: if not, nothing that is claimed could be handed over."""
        return self._wanted == locks.UNMARKED or monotonic() - self._kept_at < SECONDS + DOUBT_SECONDS

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.clear()
            if self._looked():
                self._wake.wait(SECONDS)
            else:
                self._over.wait(SECONDS)
        connection.close()

    def _looked(self) -> bool:
        """The thread's door: whatever happens, it looks again."""
        try:
            return self._keep()
        except Exception as error:
            log.exception("presence_fault", kind=type(error).__name__)
            return False

    def _keep(self) -> bool:
        """Hold the locks that are wanted now; whether the database was there."""
        asked = monotonic()
        wanted = self._wanted
        marks = {wanted, *map(locks.mark_of, self._in_hand())} - {locks.UNMARKED}
        held: set[int] = set()
        well = True
        try:
            held = locks.keep(marks)
            self._kept_at = asked
            if wanted and wanted not in held:
                self.renew()  # somebody else drew the same
        except (DatabaseError, InterfaceError) as error:
            if not self._unsure:
                log.warning("presence_lost", kind=type(error).__name__)
            well = False
            self.renew()
            connection.close()
        now = monotonic()
        # when they went is not known: in doubt they are from when a look after the last good one was to be
        doubted = now if well else min(now, self._kept_at + SECONDS)
        # once others may have been told that we are gone, what is under that mark is not ours again
        lost = {mark for mark, since in self._unsure.items() if now - since >= DOUBT_SECONDS}
        self._unsure = {mark: self._unsure.get(mark, doubted) for mark in (marks - held) | (marks & lost)}
        return well


presence = Presence()


class Roll:
    """The leader's list of workers: who was there, and since when they are missed."""

    def __init__(self) -> None:
        self._seen: set[int] | None = None
        self._missed: dict[int, float] = {}

    def forget(self) -> None:
        """Begin anew, from the leases themselves: we did not look, or the workers could not be there."""
        self._seen = None
        self._missed.clear()

    def call(self, now: float) -> int:
        """Note who is there, and end the leases of those missed for GONE_SECONDS; returns how many entries were
        freed. `now` is a monotonic time."""
        present = locks.present()
        seen = locks.leaseholders() if self._seen is None else self._seen
        self._missed = {mark: self._missed.get(mark, now) for mark in (seen | set(self._missed)) - present}
        gone = [mark for mark, since in self._missed.items() if now - since >= GONE_SECONDS]
        freed = 0
        for mark in gone:
            number = locks.end_leases(mark)
            freed += number
            del self._missed[mark]
            if number:
                log.warning("worker_gone", entries=number)
        self._seen = present
        return freed
