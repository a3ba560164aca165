"""The order of what one socket is told: every item once, by its number, whatever the hints do.

A hint whose number is the next one is passed on. Any other greater number means that hints were lost or overtook each
other: what lies between is read from the inbox. Hints may be late, double or missing; the client does not notice.
"""

import asyncio
from uuid import UUID

from clarion.surfaces.realtime import frames
from clarion.surfaces.realtime.frames import Note
from clarion.surfaces.realtime.inbox_calls import in_thread, read_opening, read_page
from clarion.surfaces.realtime.outgoing import Outgoing


class InboxStream:
    """The items of a user on their way to one socket."""

    def __init__(self, user_id: UUID, outgoing: Outgoing) -> None:
        self._user_id = user_id
        self._outgoing = outgoing
        self._told = 0
        self._one_at_a_time = asyncio.Lock()
        self._opened = asyncio.Event()

    async def open(self, since: int | None) -> None:
        """The unread count, then the backlog: what is unread, or everything after `since`."""
        async with self._one_at_a_time:
            opening = await in_thread(read_opening)(self._user_id)
            await self._outgoing.put(frames.unread(opening.unread))
            if since is None:
                await self._outgoing.put(*(frames.notification(frames.note_of(item)) for item in opening.items))
                self._told = opening.seq
            else:
                self._told = await self._tell_after(min(since, opening.seq))
        self._opened.set()

    async def hear(self, note: Note) -> None:
        """A hint from the live layer; one that comes before the backlog was told waits for it."""
        await self._opened.wait()
        async with self._one_at_a_time:
            if note.seq == self._told + 1:
                await self._outgoing.put(frames.notification(note))
                self._told = note.seq
            elif note.seq > self._told:
                self._told = await self._tell_after(self._told)

    async def repair(self) -> None:
        """Tell what no hint came for (the live layer was away)."""
        async with self._one_at_a_time:
            self._told = await self._tell_after(self._told)

    async def catch_up(self, since: int) -> None:
        """The client asks for everything after a number, told before or not."""
        await self._opened.wait()
        async with self._one_at_a_time:
            last = await self._tell_after(since)
            if last > since:  # a number that was never given must not silence what comes
                self._told = max(self._told, last)
            await self._outgoing.put(frames.caught_up(self._told))

    async def _tell_after(self, seq: int) -> int:
        """Page by page; returns the last number told."""
        while page := await in_thread(read_page)(self._user_id, seq):
            await self._outgoing.put(*(frames.notification(frames.note_of(item)) for item in page))
            seq = page[-1].seq
        return seq
