"""Looking whether work is due when nobody has rung: the broker is away, or its client has gone deaf. The bell is only
quicker; a worker that hears none finds its work itself.
"""

import threading
from collections.abc import Callable, Collection
from random import SystemRandom
from time import monotonic

import structlog
from django.db import DatabaseError, InterfaceError, connection

# the scheduler rings once a second for what is due and in nobody's hand
SILENCE_SECONDS = 2.0
LOOK_SECONDS = (0.7, 1.3)
# a lane has as many slots in a process
ANSWERS = 2
log = structlog.get_logger()


class Lookout:
    """One for a worker process. `due` says for which of the queues there is work; `answer` does what their bell does
    and raises nothing."""

    def __init__(
        self, queues: Collection[str], due: Callable[[], Collection[str]], answer: Callable[[str], None]
    ) -> None:
        self._queues = frozenset(queues)
        self._due = due
        self._answer = answer
        self._rung_at = monotonic()
        self._alone = self._doubtful = False
        self._busy: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._over = threading.Event()

    def start(self) -> None:
        """Look from now on, in a thread."""
        threading.Thread(target=self._run, name="lookout", daemon=True).start()

    def stop(self) -> None:
        """Look no more; what is being answered is finished."""
        self._over.set()

    def finish(self) -> None:
        """Wait for what is being answered: a process that ended in the middle would leave it in doubt."""
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def heard(self) -> None:
        """A bell was heard."""
        self._rung_at = monotonic()

    def _run(self) -> None:
        rng = SystemRandom()
        while not self._over.wait(rng.uniform(*LOOK_SECONDS)):
            silent = monotonic() - self._rung_at > SILENCE_SECONDS
            if silent:
                self._look()
            else:
                self._doubtful = False
                if self._alone:
                    self._note(False)
        connection.close()

    def _look(self) -> None:
        try:
            due = self._queues & set(self._due())
        except (DatabaseError, InterfaceError):
            connection.close()
            return
        if not self._alone and not self._sure_that(bool(due)):
            return
        for queue in sorted(due):
            self._begin(queue)

    def _sure_that(self, waits: bool) -> bool:
        """Whether work waited at the last look as well: at the first, its bell may be on its way."""
        sure = waits and self._doubtful
        self._doubtful = waits
        if sure:
            self._note(True)
        return sure

    def _note(self, alone: bool) -> None:
        self._alone = alone
        log.warning("no_bell_heard") if alone else log.info("bell_heard_again")

    def _begin(self, queue: str) -> None:
        with self._lock:
            if self._over.is_set() or self._busy.get(queue, 0) >= ANSWERS:
                return
            self._busy[queue] = self._busy.get(queue, 0) + 1
            thread = threading.Thread(target=self._work, args=(queue,), name=f"lookout-{queue}", daemon=True)
            self._threads = [*(each for each in self._threads if each.is_alive()), thread]
            thread.start()

    def _work(self, queue: str) -> None:
        try:
            self._answer(queue)
        finally:
            connection.close()
            with self._lock:
                self._busy[queue] -= 1
