"""The order of what one socket is told: every change of the inbox once, by its revision, whatever the hints do.

A hint whose revision is the next one is passed on. Any other greater one means that hints were lost or overtook each
other: what lies between is read from the inbox. Hints may be late, double or missing; the client does not notice. While
a client is behind, nothing is kept for it here but where it stands.
"""

import asyncio
from collections.abc import Callable
from itertools import groupby
from uuid import UUID

from clarion.records.inbox.reading import After, Item
from clarion.records.live import frames
from clarion.surfaces.realtime import frames as answers
from clarion.surfaces.realtime.loading import Loading
from clarion.surfaces.realtime.outgoing import Outgoing

END = 2**62
"""After every item of a revision."""


class InboxStream:
    """A user's inbox on its way to one socket."""

    def __init__(
        self, user_id: UUID, outgoing: Outgoing, loading: Loading, on_end: Callable[[Exception], None]
    ) -> None:
        """`on_end` hears why nothing more can be told."""
        self._user_id = user_id
        self._outgoing = outgoing
        self._loading = loading
        self._on_end = on_end
        self._told = 0
        self._seq = 0
        self._newest = 0
        self._opened = False
        self._free = asyncio.Lock()
        self._repairing: asyncio.Task[None] | None = None

    async def open(self, since: int | None, rev: int | None) -> None:
        """The unread count, then the backlog: what is unread, or everything after the item `since`, or after the
        revision `rev`."""
        async with self._free:
            opening = await self._loading.openings.get((self._user_id, since is None and rev is None))
            at = opening.standing
            self._outgoing.put(frames.unread(at))
            if rev is not None:
                self._told = min(rev, at.rev)
                await self._tell_changes()
            elif since is not None:
                await self._tell_items(since)
            else:
                # a client that is cut off between them comes back with the greatest revision it has seen
                await self._tell_page(sorted(opening.items, key=lambda item: item.rev))
            self._told = max(self._told, at.rev)
        self._opened = True
        self.newest_is(0)

    def hear(self, rev: int, frame: str) -> None:
        """A hint; one that is not next, names nothing, or comes while the client is behind, says only how far the inbox
        is."""
        if frame and rev == self._told + 1 and self._is_idle() and self._outgoing.has_room:
            self._outgoing.put(frame)
            self._told = rev
        else:
            self.newest_is(rev)

    def _is_idle(self) -> bool:
        return self._opened and self._repairing is None and not self._free.locked()

    def newest_is(self, rev: int) -> None:
        """The inbox has come so far; what the client lacks is read and told."""
        self._newest = max(self._newest, rev)
        if self._opened and self._newest > self._told and self._repairing is None:
            self._repairing = asyncio.get_running_loop().create_task(self._repair())

    async def catch_up(self, since: int, rev: int | None) -> None:
        """The client asks for everything after an item, or after a revision, told before or not."""
        async with self._free:
            at = (await self._loading.openings.get((self._user_id, False))).standing
            if rev is None:
                await self._tell_items(since)
            else:
                told, seq = self._told, self._seq
                self._told, self._seq = min(rev, told), 0  # what was told by its number is asked for again, too
                await self._tell_changes()
                self._told, self._seq = max(self._told, told), seq
            self._outgoing.put(answers.caught_up(at.seq, self._told))

    def stop(self) -> None:
        """Read nothing more."""
        if self._repairing is not None:
            self._repairing.cancel()

    async def _repair(self) -> None:
        try:
            while self._newest > self._told:
                async with self._free:
                    before = self._told
                    self._newest = before  # what is heard from here on may be too late for this reading
                    await self._tell_changes()
                    if self._told > before:  # else it was a revision that was never given
                        at = (await self._loading.openings.get((self._user_id, False))).standing
                        self._outgoing.put_late(frames.unread(at))
        except Exception as error:  # noqa: BLE001 -- it ends the socket, which says why
            self._on_end(error)
        finally:
            self._repairing = None

    async def _tell_items(self, seq: int) -> None:
        """Page by page what came after an item."""
        while page := await self._loading.pages.get(After(user_id=self._user_id, rev=None, seq=seq)):
            await self._tell_page(page)
            seq = page[-1].seq

    async def _tell_changes(self) -> None:
        """Page by page what changed after the last revision that was told; items that came since are new."""
        known, rev, seq = self._told, self._told, END
        while page := await self._loading.pages.get(After(user_id=self._user_id, rev=rev, seq=seq)):
            for number, items in groupby(page, key=lambda item: item.rev):
                await self._tell_change(list(items), number, known)
                self._told = max(self._told, number)
            rev, seq = page[-1].rev, page[-1].seq

    async def _tell_change(self, items: list[Item], rev: int, known: int) -> None:
        await self._tell([item for item in items if item.born_rev > known and item.seq > self._seq])
        # what came while items were told by their numbers was told with them
        old = [item for item in items if item.born_rev <= known or (item.seq <= self._seq and item.rev > item.born_rev)]
        if old:
            await self._put(frames.changed_items([frames.note_of(item) for item in old], rev))

    async def _tell_page(self, items: list[Item]) -> None:
        """Items by their numbers, which may be ahead of the revision that was told."""
        await self._tell(items)
        if items:
            self._seq = max(self._seq, *(item.seq for item in items))
            self._newest = max(self._newest, *(item.born_rev for item in items))

    async def _tell(self, items: list[Item]) -> None:
        for item in items:
            await self._put(frames.notification(frames.note_of(item)))

    async def _put(self, frame: str) -> None:
        await self._outgoing.wait_for_room()
        self._outgoing.put(frame)
