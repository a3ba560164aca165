"""One socket from accept to close: four tasks, and the first that ends, ends all."""

import asyncio
from typing import Any

import redis
import structlog
from django.db import InterfaceError, OperationalError

from clarion.records import clock
from clarion.surfaces.realtime import frames, inbox_calls
from clarion.surfaces.realtime.bridge import Receive, Send
from clarion.surfaces.realtime.frames import BadFrame, CatchUp, ClientFrame, MarkAllRead, MarkRead, Ping
from clarion.surfaces.realtime.handshake import UNKNOWN_CALLER, Refused, Visitor, admit
from clarion.surfaces.realtime.inbox_calls import in_thread
from clarion.surfaces.realtime.inbox_stream import InboxStream
from clarion.surfaces.realtime.membership import Event, Membership, NotJoined
from clarion.surfaces.realtime.outgoing import TRY_AGAIN_LATER, Outgoing
from clarion.surfaces.realtime.pacing import Pace

RECHECK_SECONDS = 60.0
ABUSE = 1008
TOO_LARGE = 1009
BUG = 1011
OUTAGES = (OperationalError, InterfaceError, redis.RedisError, NotJoined, OSError)

log = structlog.get_logger()


class Session:
    """A visitor's socket. The tables are the truth; what comes over the live layer only says when to look."""

    def __init__(self, visitor: Visitor, since: int | None, receive: Receive, send: Send) -> None:
        self._visitor = visitor
        self._since = since
        self._receive = receive
        self._outgoing = Outgoing(send)
        self._stream = InboxStream(visitor.user_id, self._outgoing)
        self._membership = Membership(visitor.user_id)
        self._pace = Pace()

    async def run(self) -> None:
        """Serve until the client leaves or has to."""
        refused = await self._serve()
        if refused is not None:
            log.info("socket_closed", user_id=str(self._visitor.user_id), code=refused.code)
            await self._outgoing.close(refused.code, refused.reason)

    async def _serve(self) -> Refused | None:
        """None when the client left by itself."""
        tasks: set[asyncio.Task[None]] = set()
        try:
            await self._membership.enter()
            steps = (self._outgoing.write(), self._listen(), self._open_then_watch(), self._read())
            tasks = {asyncio.create_task(step) for step in steps}
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Refused as refused:
            return refused
        except OUTAGES as error:
            log.warning("socket_without_backing", kind=type(error).__name__)
            return Refused(TRY_AGAIN_LATER, "temporarily unavailable; connect again")
        except Exception as error:  # a door: the client is told, the bug is logged
            log.exception("unexpected_error", kind=type(error).__name__)
            return Refused(BUG, "something went wrong here")
        finally:
            await self._end(tasks)
        return None

    async def _end(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._membership.leave()
        except (redis.RedisError, OSError) as error:
            log.warning("live_layer_not_left", kind=type(error).__name__)

    async def _open_then_watch(self) -> None:
        """First the group, then the backlog, so that nothing falls in between; then look after token and gaps."""
        await self._membership.wait_until_joined()
        await self._stream.open(self._since)
        while True:
            left = (self._visitor.expires_at - clock.now()).total_seconds()
            if left <= 0:
                raise Refused(UNKNOWN_CALLER, "the token has expired; connect again with a fresh one")
            await asyncio.sleep(min(left, RECHECK_SECONDS))
            if left > RECHECK_SECONDS:
                await in_thread(admit)(self._visitor.token, clock.now())
                await self._stream.repair()

    async def _listen(self) -> None:
        async for event in self._membership.events():
            # What is heard before the join is certain was committed before the backlog is read, and is in it.
            if self._membership.joined:
                await self._hear(event)

    async def _hear(self, event: Event) -> None:
        match event["type"]:
            case "inbox.item":
                await self._stream.hear(frames.note_of_event(event["item"]))
            case "inbox.unread":
                await self._outgoing.put(frames.unread(int(event["count"])))
            case other:
                log.warning("unknown_live_event", kind=str(other)[:50])

    async def _read(self) -> None:
        while (event := await self._receive())["type"] != "websocket.disconnect":
            if event["type"] != "websocket.receive":
                continue
            content = _content(event)
            if len(content) > frames.LARGEST_FRAME_BYTES:
                await self._scold("too_large", "a frame may have 64 kB", TOO_LARGE)
            if self._pace.is_too_fast():
                await self._scold("too_many_frames", "50 frames a second at most", ABUSE)
            await self._take(content)

    async def _scold(self, code: str, message: str, close_code: int) -> None:
        await self._outgoing.put(frames.error(code, message))
        raise Refused(close_code, message)

    async def _take(self, content: bytes) -> None:
        try:
            await self._obey(frames.parse_frame(content))
        except BadFrame as bad:
            await self._outgoing.put(frames.error(bad.code, str(bad)))

    async def _obey(self, frame: ClientFrame) -> None:
        user_id = self._visitor.user_id
        match frame:
            case Ping():
                await self._outgoing.put(frames.pong())
            case MarkRead(notification_id=identifier):
                count = await in_thread(inbox_calls.mark_read)(user_id, identifier, clock.now())
                if count is None:
                    raise BadFrame("notification_not_found", "your inbox has no item with this id")
                await self._membership.publish({"type": "inbox.unread", "count": count})
            case MarkAllRead():
                count = await in_thread(inbox_calls.mark_all_read)(user_id, clock.now())
                await self._membership.publish({"type": "inbox.unread", "count": count})
            case CatchUp(since=since):
                await self._stream.catch_up(since)
            case _:
                raise BadFrame("room_not_found", "there is no such room")


def _content(event: Any) -> bytes:
    text = event.get("text")
    return text.encode() if text is not None else bytes(event.get("bytes") or b"")
