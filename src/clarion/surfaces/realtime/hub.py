"""All sockets of this process, and the one subscription that tells them of what other processes did.

A hint goes to the sockets it is for in one step, encoded once. Where hints cannot be relied on (Redis does not answer,
or forgot who is connected) the hub asks the database at short intervals how far the inboxes of its people are, which
costs one query for all of them; so a socket lives through an outage of Redis and only hears later.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec
import redis.asyncio
import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from clarion.records import clock
from clarion.records.live import events
from clarion.records.live.events import Event
from clarion.surfaces.realtime.counting import Counting
from clarion.surfaces.realtime.handshake import UNKNOWN_CALLER, Refused, Visitor, still_admitted
from clarion.surfaces.realtime.inbox_calls import in_thread, read_standings
from clarion.surfaces.realtime.last_seen import LastSeen
from clarion.surfaces.realtime.loading import Loading
from clarion.surfaces.realtime.rooms import Guest, Rooms

BEAT_SECONDS = 2.0
SILENT_SECONDS = 6.0
LOOK_SECONDS = 10.0
CHECK_SECONDS = 30.0
ADMITTED_SECONDS = 60.0
AT_ONCE = 2_000
SOCKETS_A_USER = 50
OUTAGES = (redis.RedisError, OSError)
log = structlog.get_logger()


class Member(Guest, Protocol):
    """A socket, as the hub knows it."""

    admitted_at: float

    def hear(self, event: Event) -> None:
        """Something was said to the user's sockets."""
        ...

    def newest_is(self, rev: int) -> None:
        """The user's inbox has come so far."""
        ...

    def end(self, why: Exception) -> None:
        """Close, for this reason."""
        ...


class Hub:
    """To be used on one event loop."""

    def __init__(self) -> None:
        self.loading = Loading()
        self._redis: Any = redis.asyncio.Redis.from_url(
            settings.REDIS_URL, socket_connect_timeout=2.0, socket_timeout=5.0, health_check_interval=15
        )
        self._counting = Counting(self._redis, self._count)
        self.rooms = Rooms(self._redis, self.loading)
        self._seen = LastSeen()
        self._users: dict[str, set[Member]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._hears = False
        self._looked_at = 0.0

    async def enter(self, session: Member) -> None:
        """From now on the session is told what its user's inbox is told. Raises Refused for one socket too many."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(_for_ever(w)) for w in (self._listen, self._beat, self._look_after)]
        user = str(session.visitor.user_id)
        mates = self._users.setdefault(user, set())
        if len(mates) >= SOCKETS_A_USER:
            raise Refused(1008, f"a user may have {SOCKETS_A_USER} sockets at a time")
        mates.add(session)
        await self._counting.add(user, 1)

    def leave(self, session: Member) -> None:
        """The session is told no more."""
        user = str(session.visitor.user_id)
        mates = self._users.get(user, set())
        if session in mates:
            mates.remove(session)
            self._counting.note(user, -1)
        if not mates:
            self._users.pop(user, None)
            self._seen.note(user)
        self.rooms.leave_all(session)

    async def _listen(self) -> None:
        """Hear for ever; after each silence everybody is looked after, for what was said meanwhile is lost."""
        while True:
            try:
                async with self._redis.pubsub() as subscription:
                    await subscription.subscribe(events.channel())
                    await self._hear(subscription)
            except OUTAGES as error:
                log.warning("live_layer_lost", kind=type(error).__name__)
            finally:
                self._hears = False
            await asyncio.sleep(random.uniform(0.2, 1.0))  # noqa: S311

    async def _hear(self, subscription: Any) -> None:
        heard_at = monotonic()
        while True:
            message = await subscription.get_message(timeout=BEAT_SECONDS)
            if message is None:
                if monotonic() - heard_at > SILENT_SECONDS:
                    raise redis.ConnectionError("the subscription is silent")
                await subscription.ping()  # a line that is dead on the way says nothing, for a quarter of an hour
                continue
            heard_at = monotonic()
            if message["type"] == "subscribe":
                self._hears = True
                self.rooms.all_are_behind()
                self._looked_at = 0.0
            elif message["type"] == "message":
                self._dispatch(message["data"])

    def _dispatch(self, data: bytes) -> None:
        try:
            told = events.unpacked(data)
        except msgspec.DecodeError:  # another version's; the inbox has it all
            log.warning("live_event_unknown")
            self._looked_at = 0.0
            return
        for event in told:
            self._pass_on(event)

    def _pass_on(self, event: Event) -> None:
        if event.room:
            self.rooms.hear(event)
        for session in self._users.get(event.user, ()):
            session.hear(event)

    async def _beat(self) -> None:
        """Say that this process lives; where Redis forgot its people, tell them again and look after them."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if await self._counting.beat():
                self._looked_at = 0.0
            await self.rooms.beat()

    def _count(self) -> dict[str, int]:
        return {user: len(mates) for user, mates in self._users.items()}

    async def _look_after(self) -> None:
        """Where the inboxes are, whose time is over, and who may no longer be here."""
        checked_at = monotonic()
        while True:
            await asyncio.sleep(1.0)
            self._end_expired()
            sure = self._hears and self._counting.sure
            try:
                if monotonic() - self._looked_at > (LOOK_SECONDS if sure else BEAT_SECONDS):
                    await self._look_at_inboxes()
                if monotonic() - checked_at > CHECK_SECONDS:
                    checked_at = monotonic()
                    await self._check_admission()
                    await self.rooms.check_all()
                await self._seen.write(self._users)
            except (OperationalError, InterfaceError) as error:
                log.warning("sockets_not_looked_after", kind=type(error).__name__)

    async def _look_at_inboxes(self) -> None:
        self._looked_at = monotonic()
        users = list(self._users)
        for at in range(0, len(users), AT_ONCE):
            found = await in_thread(read_standings)([UUID(user) for user in users[at : at + AT_ONCE]])
            for user, standing in found.items():
                for session in self._users.get(str(user), ()):
                    session.newest_is(standing.rev)

    def _end_expired(self) -> None:
        now = clock.now()
        for session in self._sessions():
            if session.visitor.expires_at <= now:
                session.end(Refused(UNKNOWN_CALLER, "the token has expired; connect again with a fresh one"))

    async def _check_admission(self) -> None:
        """Users that were locked out, tokens that were revoked."""
        due = [each for each in self._sessions() if monotonic() - each.admitted_at > ADMITTED_SECONDS - CHECK_SECONDS]
        for at in range(0, len(due), AT_ONCE):
            some = due[at : at + AT_ONCE]
            found: Sequence[Visitor | Exception] = await in_thread(still_admitted)([s.visitor.claims for s in some])
            for session, verdict in zip(some, found, strict=True):
                session.admitted_at = monotonic()
                if isinstance(verdict, Exception):
                    session.end(verdict)

    def _sessions(self) -> list[Member]:
        return [session for mates in self._users.values() for session in mates]


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """All sockets of the process depend on this work: a fault ends a round of it, never the work."""
    while True:
        try:
            await work()
        except Exception as error:  # the top of a task: a bug is logged, the next round may be free of it
            log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
        await asyncio.sleep(random.uniform(0.5, 1.5))  # noqa: S311


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The running loop's hub; a server process has one."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
