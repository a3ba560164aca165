"""One socket from accept to close. It reads what the client says; what it is told comes through the hub.

An idle socket is one waiting task and a few small objects: no thread, no timer, no connection of its own.
"""

import asyncio
from time import monotonic
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError

from clarion.records import clock
from clarion.records.live.events import Event
from clarion.surfaces.realtime import frames, inbox_calls
from clarion.surfaces.realtime.bridge import Receive, Send
from clarion.surfaces.realtime.frames import (
    BadFrame,
    CatchUp,
    ClientFrame,
    JoinRoom,
    LeaveRoom,
    MarkAllRead,
    MarkRead,
    Ping,
)
from clarion.surfaces.realtime.handshake import TRY_AGAIN_LATER, Refused, Visitor
from clarion.surfaces.realtime.hub import Hub
from clarion.surfaces.realtime.inbox_calls import in_thread
from clarion.surfaces.realtime.inbox_stream import InboxStream
from clarion.surfaces.realtime.outgoing import Outgoing
from clarion.surfaces.realtime.pacing import Pace

ABUSE = 1008
TOO_LARGE = 1009
BUG = 1011
LEFT = 1000

log = structlog.get_logger()


class Session:
    """A visitor's socket. The tables are the truth; what the hub tells only says when to look."""

    def __init__(self, visitor: Visitor, hub: Hub, receive: Receive, send: Send) -> None:
        self.visitor = visitor
        self.admitted_at = monotonic()
        self._hub = hub
        self._receive = receive
        self._outgoing = Outgoing(send, self.end)
        self._stream = InboxStream(visitor.user_id, self._outgoing, hub.loading, self.end)
        self._pace = Pace()
        self._task: asyncio.Task[Any] | None = None
        self._ended: Exception | None = None

    def hear(self, event: Event) -> None:
        """Something was said to this user's sockets."""
        if event.rev:
            self._stream.hear(event.rev, event.frame)
        else:
            self._outgoing.put_late(event.frame)

    def newest_is(self, rev: int) -> None:
        """The inbox has come so far."""
        self._stream.newest_is(rev)

    @property
    def has_room(self) -> bool:
        """Whether another frame may be put."""
        return self._outgoing.has_room

    def put(self, frame: str) -> None:
        """Tell the client something of a room."""
        self._outgoing.put(frame)

    def put_out_of(self, room: str) -> None:
        """The client may be in this room no more."""
        self._outgoing.put(frames.room_left(room, "removed"))

    def end(self, why: Exception) -> None:
        """End the socket, from outside; the first reason stands."""
        if self._ended is None:
            self._ended = why
            if self._task is not None:
                self._task.cancel()

    async def run(self, since: int | None, rev: int | None) -> None:
        """Serve until the client leaves or has to."""
        refused = await self._serve(since, rev)
        if refused is not None:
            log.info("socket_closed", user_id=str(self.visitor.user_id), code=refused.code)
            await self._outgoing.close(refused.code, refused.reason)
        else:
            await self._outgoing.stop()

    async def _serve(self, since: int | None, rev: int | None) -> Refused | None:
        """None when the client left by itself."""
        self._task = asyncio.current_task()
        try:
            await self._hub.enter(self)
            await self._stream.open(since, rev)
            await self._read()
        except asyncio.CancelledError:
            if self._ended is None or self._task is None:
                raise
            self._task.uncancel()
            return _refusal_for(self._ended)
        except Exception as error:  # noqa: BLE001 -- a door: the client is told, a bug is logged
            return _refusal_for(error)
        finally:
            self._task = None
            self._stream.stop()
            self._hub.leave(self)
        return None

    async def _read(self) -> None:
        while (event := await self._receive())["type"] != "websocket.disconnect":
            if event["type"] != "websocket.receive":
                continue
            content = _content(event)
            if len(content) > frames.LARGEST_FRAME_BYTES:
                self._scold("too_large", "a frame may have 64 kB", TOO_LARGE)
            if self._pace.is_too_fast():
                self._scold("too_many_frames", "50 frames a second at most", ABUSE)
            await self._take(content)

    def _scold(self, code: str, message: str, close_code: int) -> None:
        self._outgoing.put(frames.error(code, message))
        raise Refused(close_code, message)

    async def _take(self, content: bytes) -> None:
        await self._outgoing.wait_for_room()
        try:
            await self._obey(frames.parse_frame(content))
        except BadFrame as bad:
            self._outgoing.put(frames.error(bad.code, str(bad)))

    async def _obey(self, frame: ClientFrame) -> None:
        user_id = self.visitor.user_id
        match frame:
            case Ping():
                self._outgoing.put(frames.pong())
            case MarkRead(notification_id=identifier):
                if not await in_thread(inbox_calls.mark_read)(user_id, identifier, clock.now()):
                    raise BadFrame("notification_not_found", "your inbox has no item with this id")
            case MarkAllRead():
                await in_thread(inbox_calls.mark_all_read)(user_id, clock.now())
            case CatchUp(since=since, rev=rev):
                await self._stream.catch_up(since, rev)
            case JoinRoom(room=room):
                await self._hub.rooms.join(self, room)
            case LeaveRoom(room=room):
                if not self._hub.rooms.leave(self, room):
                    raise BadFrame("room_not_found", "this socket is not in such a room")
                self._outgoing.put(frames.room_left(room, "left"))


def _refusal_for(error: Exception) -> Refused | None:
    """What the client is told; None when there is nobody to tell."""
    match error:
        case Refused():
            return error
        case OperationalError() | InterfaceError():
            log.warning("socket_without_backing", kind=type(error).__name__)
            return Refused(TRY_AGAIN_LATER, "temporarily unavailable; connect again")
        case OSError():
            return None
    log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
    return Refused(BUG, "something went wrong here")


def _content(event: Any) -> bytes:
    text = event.get("text")
    return text.encode() if text is not None else bytes(event.get("bytes") or b"")
