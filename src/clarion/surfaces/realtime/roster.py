"""This process's part of who is in which room, and telling the rooms who comes and goes.

What is here is compared with what was written last, so a page that is loaded again makes no noise. Coming is written at
once; going with the next beat. What is told may be told twice, by two processes that see the same change: it says how
things are, not what happened.
"""

import asyncio
import os
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import redis
import structlog

from clarion.records import clock
from clarion.records.live import frames
from clarion.records.live.events import Event
from clarion.surfaces.realtime.roster_book import NAMED_MOST, Place, RosterBook, snapshot

OUTAGES = (redis.RedisError, OSError)
log = structlog.get_logger()


class Roster:
    """Room → visible people of this process."""

    def __init__(self, connection: Any) -> None:
        self._book = RosterBook(connection, f"{os.getpid()}-{secrets.token_hex(4)}")
        self._here: dict[str, dict[str, int]] = {}
        self._written: dict[str, set[str]] = {}
        self._changed: set[Place] = set()
        self._crowds: dict[str, int] = {}
        self._free = asyncio.Lock()
        self._sure = True

    def note(self, room: str, user: str, change: int) -> None:
        """One socket more or less of a visible person."""
        people = self._here.setdefault(room, {})
        people[user] = people.get(user, 0) + change
        if people[user] <= 0:
            del people[user]
        if not people:
            del self._here[room]
        self._changed.add((room, user))

    async def flush(self) -> None:
        """Write what was noted and tell the rooms. Without Redis all is written anew later."""
        async with self._free:
            changed, self._changed = self._changed, set()
            come = [(room, user) for room, user in changed if self._is_here(room, user) and not self._was(room, user)]
            gone = [(room, user) for room, user in changed if self._was(room, user) and not self._is_here(room, user)]
            if not come and not gone:
                return
            try:
                await self._write(come, gone)
                await self._tell(come, gone)
            except OUTAGES as error:
                self._lost(error)

    async def beat(self) -> None:
        """Say that this process lives, and write what was noted; all of it anew where Redis forgot it or was away.
        Clear away what dead processes left."""
        try:
            known = await self._book.live()
            if (self._here or self._written) and not (known and self._sure):
                await self._write_anew()
            self._sure = True
            await self.flush()
            await self._tell_crowds()
            await self._bury_the_dead()
        except OUTAGES as error:
            self._lost(error)

    async def snapshots(self, rooms: Collection[str]) -> dict[str, str]:
        """Frames that say who is in these rooms. Without Redis: who is here."""
        try:
            return await self._book.snapshots(rooms)
        except OUTAGES:
            return {room: snapshot(room, sorted(self._here.get(room, ()))) for room in rooms}

    def _lost(self, error: Exception) -> None:
        log.warning("rooms_not_told", kind=type(error).__name__)
        self._sure = False

    def _is_here(self, room: str, user: str) -> bool:
        return user in self._here.get(room, ())

    def _was(self, room: str, user: str) -> bool:
        return user in self._written.get(room, ())

    async def _write(self, come: Sequence[Place], gone: Sequence[Place]) -> None:
        had_people = bool(self._written)
        for room, user in come:
            self._written.setdefault(room, set()).add(user)
        for room, user in gone:
            self._written[room].discard(user)
        empty = {room for room, _ in gone if not self._written[room]}
        for room in empty:
            del self._written[room]
        known = await self._book.write(come, gone, empty)
        if had_people and not known:  # Redis forgot the others, and this write would hide it from the next beat
            self._sure = False

    async def _write_anew(self) -> None:
        """Others may have been told that our people are gone, and what was told meanwhile is lost."""
        async with self._free:
            concerned = set(self._written) | set(self._here)
            await self._book.clear(self._book.process, self._written)
            self._written, self._changed = {}, set()
            await self._write([(room, user) for room, people in self._here.items() for user in people], [])
            await self._book.publish_snapshots(concerned)

    async def _tell(self, come: Sequence[Place], gone: Sequence[Place]) -> None:
        """Of those who are in no other process: here they are, or there they go."""
        counts = await self._book.counts({room for room, _ in [*come, *gone]})
        self._crowds |= {room: 0 for room, count in counts.items() if count > NAMED_MOST and room not in self._crowds}
        alive, _ = await self._book.processes()
        others = [name for name in alive if name != self._book.process]
        told = [(place, None) for place in come] + [(place, clock.now()) for place in gone]
        await self._tell_places([(place, at) for place, at in told if place[0] not in self._crowds], others)

    async def _tell_places(self, told: Sequence[tuple[Place, datetime | None]], others: Sequence[str]) -> None:
        still = await self._book.held_by(others, [place for place, _ in told])
        await self._book.publish(
            Event("", 0, frames.presence(room, user, gone_at), room, user)
            for (room, user), gone_at in told
            if (room, user) not in still
        )

    async def _tell_crowds(self) -> None:
        """How many are in rooms with too many to name, where that changed; who, once they are few enough."""
        counts = await self._book.counts(self._crowds)
        changed = [room for room, count in counts.items() if count != self._crowds[room]]
        if changed:
            await self._book.publish_snapshots(changed)
        self._crowds = {room: count for room, count in counts.items() if count > NAMED_MOST}

    async def _bury_the_dead(self) -> None:
        alive, dead = await self._book.processes()
        for name in dead:
            if name == self._book.process:
                continue
            left = await self._book.places_of(name)
            counts = await self._book.counts({room for room, _ in left})
            await self._book.clear(name, counts)
            now = clock.now()
            few = [(place, now) for place in left if counts[place[0]] <= NAMED_MOST]
            await self._tell_places(few, alive)
            log.info("rooms_of_dead_process_cleared", rooms=len(counts), people=len(left))
