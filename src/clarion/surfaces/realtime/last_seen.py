"""When people were last here, kept in bulk: of those who went, within seconds; of all who are here, every few minutes,
so that a process which dies without a goodbye costs no more than that."""

from collections.abc import Iterable
from time import monotonic
from uuid import UUID

from clarion.records import clock
from clarion.records.rooms import presence
from clarion.surfaces.realtime.inbox_calls import in_thread

GONE_SECONDS = 10.0
HERE_SECONDS = 300.0
AT_ONCE = 2_000


class LastSeen:
    """People of one process."""

    def __init__(self) -> None:
        self._gone: set[str] = set()
        self._wrote_gone = self._wrote_all = monotonic()

    def note(self, user: str) -> None:
        """The last socket of somebody is over."""
        self._gone.add(user)

    async def write(self, here: Iterable[str]) -> None:
        """Write what is due. Raises what the database meets with; then it is written later."""
        now = monotonic()
        due = set(self._gone) if now - self._wrote_gone > GONE_SECONDS else set()
        if now - self._wrote_all > HERE_SECONDS:
            due.update(here)
            self._wrote_all = now
        if not due:
            return
        users = sorted(due)
        for at in range(0, len(users), AT_ONCE):
            await in_thread(presence.seen)([UUID(user) for user in users[at : at + AT_ONCE]], clock.now())
        self._gone -= due
        self._wrote_gone = now
