"""What is on its way to a client: bounded, and given up when the client does not take it."""

import asyncio
import contextlib

from clarion.surfaces.realtime.bridge import Send
from clarion.surfaces.realtime.handshake import Refused

WAITING_MOST = 256
SEND_SECONDS = 10.0
LAST_WORDS_SECONDS = 1.0
TRY_AGAIN_LATER = 1013


class Outgoing:
    """A queue of frames and the one task that sends them."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._frames: asyncio.Queue[str] = asyncio.Queue(maxsize=WAITING_MOST)

    async def put(self, *frames: str) -> None:
        """Queue frames; waits while the queue is full (`write` ends the socket if that lasts)."""
        for frame in frames:
            await self._frames.put(frame)

    async def write(self) -> None:
        """Send for ever. Raises Refused when a frame is not taken within SEND_SECONDS."""
        while True:
            await self._send_one(await self._frames.get(), SEND_SECONDS)

    async def close(self, code: int, reason: str) -> None:
        """Send what is still queued, then close; neither is waited for long."""
        if code != TRY_AGAIN_LATER:
            with contextlib.suppress(Refused):
                while not self._frames.empty():
                    await self._send_one(self._frames.get_nowait(), LAST_WORDS_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _send_one(self, frame: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._send({"type": "websocket.send", "text": frame})
        except TimeoutError as error:
            raise Refused(TRY_AGAIN_LATER, "too slow; connect again and catch up") from error
