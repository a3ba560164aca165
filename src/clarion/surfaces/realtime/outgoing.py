"""What is on its way to a client: bounded, and given up when the client does not take it."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from clarion.surfaces.realtime.bridge import Send
from clarion.surfaces.realtime.handshake import TRY_AGAIN_LATER, Refused

WAITING_MOST = 256
WAITING_BYTES = 1024 * 1024
SEND_SECONDS = 10.0
LAST_WORDS_SECONDS = 1.0


class Outgoing:
    """A queue of frames, and a task that sends them while there are any; an idle socket has none."""

    def __init__(self, send: Send, on_end: Callable[[Exception], None]) -> None:
        """`on_end` hears of a client that takes nothing (Refused), or that is gone."""
        self._send = send
        self._on_end = on_end
        self._frames: deque[str] = deque()
        self._bytes = 0
        self._writer: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()
        self._late = ""

    @property
    def has_room(self) -> bool:
        """Whether another frame may be put."""
        return self._room.is_set()

    def put(self, frame: str) -> None:
        """Queue a frame. Whoever puts many waits for room between them."""
        self._frames.append(frame)
        self._bytes += len(frame)
        if len(self._frames) >= WAITING_MOST or self._bytes >= WAITING_BYTES:
            self._room.clear()
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write())

    def put_late(self, frame: str) -> None:
        """Queue a frame that makes those before it of its kind worthless: without room it waits for its turn alone."""
        if self.has_room:
            self.put(frame)
        else:
            self._late = frame

    async def wait_for_room(self) -> None:
        """Return when another frame may be put; `on_end` ends the socket if that lasts."""
        await self._room.wait()

    async def close(self, code: int, reason: str) -> None:
        """Send what is still queued, then close; neither is waited for long."""
        await self.stop()
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                while self._frames and code != TRY_AGAIN_LATER:
                    await self._send({"type": "websocket.send", "text": self._frames.popleft()})
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def stop(self) -> None:
        """Send nothing more."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(SEND_SECONDS) as patience:
                while self._frames:
                    frame = self._frames.popleft()
                    await self._send({"type": "websocket.send", "text": frame})
                    self._bytes -= len(frame)
                    if len(self._frames) < WAITING_MOST and self._bytes < WAITING_BYTES:
                        self._room.set()
                    if not self._frames and self._late:
                        self._frames.append(self._late)
                        self._bytes += len(self._late)
                        self._late = ""
                    patience.reschedule(loop.time() + SEND_SECONDS)
        except TimeoutError:
            self._on_end(Refused(TRY_AGAIN_LATER, "too slow; connect again and catch up"))
        except OSError as gone:
            self._on_end(gone)
        finally:
            self._writer = None
