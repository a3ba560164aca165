"""The rooms that sockets of this process are in: coming in by the rule of the room, hearing what is said in it, and
being put out when the rule admits one no more.

The rule is asked when a socket comes, when Redis says that something changed, and every so often by the hub.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Protocol
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError

from clarion.records.live import events
from clarion.records.live.events import Event
from clarion.records.rooms import admission
from clarion.records.rooms.admission import Admission, Knock
from clarion.records.rooms.models import is_key
from clarion.surfaces.realtime.frames import BadFrame
from clarion.surfaces.realtime.handshake import Visitor
from clarion.surfaces.realtime.inbox_calls import in_thread
from clarion.surfaces.realtime.loading import Loading
from clarion.surfaces.realtime.roster import Roster

ROOMS_A_SOCKET = 50
AT_ONCE = 2_000
log = structlog.get_logger()


class Guest(Protocol):
    """A socket, as rooms know it."""

    visitor: Visitor

    @property
    def has_room(self) -> bool:
        """Whether another frame may be put."""
        ...

    def put(self, frame: str) -> None:
        """Tell it something."""
        ...

    def put_out_of(self, room: str) -> None:
        """It may be in this room no more."""
        ...


class Rooms:
    """To be used on one event loop."""

    def __init__(self, connection: Any, loading: Loading) -> None:
        self._loading = loading
        self._roster = Roster(connection)
        self._in: dict[str, dict[Guest, bool]] = {}
        self._of: dict[Guest, set[str]] = {}
        self._opening: dict[tuple[str, Guest], list[str]] = {}
        self._behind: set[tuple[str, Guest]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self, guest: Guest, room: str) -> None:
        """Come in, and be told who is there. Raises BadFrame: `too_many_rooms`; `room_not_found` for all that one may
        not know of."""
        mine = self._of.get(guest, set())
        self._opening.setdefault((room, guest), [])  # what is said before the client knows who is there, comes after it
        try:
            if room not in mine:
                await self._come_in(guest, room, len(mine))
            frame = (await self._roster.snapshots([room]))[room]
            if self._is_in(guest, room):  # it may have been put out meanwhile
                guest.put(frame)
        finally:
            for frame in self._opening.pop((room, guest), ()):
                if self._is_in(guest, room):
                    self._tell(guest, room, frame)

    def _is_in(self, guest: Guest, room: str) -> bool:
        return room in self._of.get(guest, ())

    async def _come_in(self, guest: Guest, room: str, others: int) -> None:
        if others >= ROOMS_A_SOCKET:
            raise BadFrame("too_many_rooms", f"a socket may be in {ROOMS_A_SOCKET} rooms at a time; leave one")
        known = is_key(room)
        answer = await self._loading.admissions.get(_knock(guest, room)) if known else admission.NOT_ADMITTED
        if not answer.admitted:
            raise BadFrame("room_not_found", "there is no such room")
        self._enter(guest, room, answer.visible)
        # a client that goes meanwhile must not take the others' news with it
        await asyncio.shield(asyncio.ensure_future(self._roster.flush()))

    def _enter(self, guest: Guest, room: str, visible: bool) -> None:
        self._in.setdefault(room, {})[guest] = visible
        self._of.setdefault(guest, set()).add(room)
        if visible:
            self._roster.note(room, str(guest.visitor.user_id), 1)

    def leave(self, guest: Guest, room: str) -> bool:
        """Whether it was there."""
        visible = self._in.get(room, {}).pop(guest, None)
        if visible is None:
            return False
        if visible:
            self._roster.note(room, str(guest.visitor.user_id), -1)
        if not self._in[room]:
            del self._in[room]
        self._of[guest].discard(room)
        if not self._of[guest]:
            del self._of[guest]
        self._behind.discard((room, guest))
        return True

    def leave_all(self, guest: Guest) -> None:
        """The socket is over."""
        for room in list(self._of.get(guest, ())):
            self.leave(guest, room)

    def hear(self, event: Event) -> None:
        """Something is said in a room, or it is to be looked again who may be there."""
        if event.frame:
            about = UUID(event.about) if event.about else None
            for guest in self._in.get(event.room, ()):
                if guest.visitor.user_id != about:
                    self._tell(guest, event.room, event.frame)
        elif places := list(self._concerned(event.room)):
            task = asyncio.get_running_loop().create_task(self._try_check(places))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _concerned(self, room: str) -> Iterable[tuple[str, Guest]]:
        user = events.user_of(room)
        if not user:
            return [(room, guest) for guest in self._in.get(room, ())]
        guests = [guest for guest in self._of if str(guest.visitor.user_id) == user]
        return [(each, guest) for guest in guests for each in self._of[guest]]

    def _tell(self, guest: Guest, room: str, frame: str) -> None:
        """Who has no room for it now is told later how things are then."""
        if (room, guest) in self._opening:
            self._opening[room, guest].append(frame)
        elif guest.has_room:
            guest.put(frame)
        else:
            self._behind.add((room, guest))

    def all_are_behind(self) -> None:
        """What was said for a while is lost."""
        self._behind |= {(room, guest) for room, guests in self._in.items() for guest in guests}

    async def beat(self) -> None:
        """Keep what others know of this process, and tell those who are behind."""
        await self._roster.beat()
        ready = {(room, guest) for room, guest in self._behind if guest.has_room}
        if not ready:
            return
        self._behind -= ready
        frames = await self._roster.snapshots({room for room, _ in ready})
        for room, guest in ready:
            if self._is_in(guest, room):
                self._tell(guest, room, frames[room])

    async def check_all(self) -> None:
        """Whether everybody may still be where they are. Raises what the database meets with."""
        await self._check([(room, guest) for room, guests in self._in.items() for guest in guests])

    async def _check(self, places: Sequence[tuple[str, Guest]]) -> None:
        for at in range(0, len(places), AT_ONCE):
            some = places[at : at + AT_ONCE]
            answers = await in_thread(admission.ask)([_knock(guest, room) for room, guest in some])
            for (room, guest), answer in zip(some, answers, strict=True):
                self._apply(guest, room, answer)

    async def _try_check(self, places: Sequence[tuple[str, Guest]]) -> None:
        try:
            await self._check(places)
            await self._roster.flush()
        except (OperationalError, InterfaceError) as error:  # the hub asks again before long
            log.warning("rooms_not_looked_after", kind=type(error).__name__)

    def _apply(self, guest: Guest, room: str, answer: Admission) -> None:
        was = self._in.get(room, {}).get(guest)
        if was is None:
            return
        if not answer.admitted:
            self.leave(guest, room)
            guest.put_out_of(room)
        elif answer.visible != was:
            self._in[room][guest] = answer.visible
            self._roster.note(room, str(guest.visitor.user_id), 1 if answer.visible else -1)


def _knock(guest: Guest, room: str) -> Knock:
    return Knock(user_id=guest.visitor.user_id, room=room, claimed=room in guest.visitor.claims.rooms)
