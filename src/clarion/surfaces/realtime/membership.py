"""A socket's place on the channel layer: joining a user's group for certain, and leaving without a trace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID, uuid4

from channels.layers import get_channel_layer

from clarion.records.inbox.live import group_of

HELLO = "inbox.hello"
HELLO_EVERY_SECONDS = 0.1
HELLO_TRIES = 50
LEAVE_SECONDS = 2.0

Event = Mapping[str, Any]


class NotJoined(Exception):
    """The live layer does not answer."""


class Membership:
    """One socket in its user's group."""

    def __init__(self, user_id: UUID) -> None:
        self._layer: Any = get_channel_layer()
        self._group = group_of(user_id)
        self._channel = ""
        self._hello = uuid4().hex
        self._heard_hello = asyncio.Event()
        self._subscribed = False

    @property
    def joined(self) -> bool:
        """Whether everything published from now on arrives here."""
        return self._heard_hello.is_set()

    async def enter(self) -> None:
        """Ask for the group's events; they begin to arrive somewhat later, see `wait_until_joined`."""
        self._channel = await self._layer.new_channel()
        self._subscribed = True
        await self._layer.group_add(self._group, self._channel)

    async def wait_until_joined(self) -> None:
        """Return when events really arrive. `group_add` returns when Redis has been *asked* to subscribe; what is
        published until it has done so is lost. Needs `events` to be read at the same time. Raises NotJoined."""
        for _ in range(HELLO_TRIES):
            await self.publish({"type": HELLO, "hello": self._hello})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HELLO_EVERY_SECONDS):
                    await self._heard_hello.wait()
                    return
        raise NotJoined

    async def publish(self, event: dict[str, Any]) -> None:
        """Send an event to every socket of the user, this one too."""
        await self._layer.group_send(self._group, event)

    async def events(self) -> AsyncIterator[Event]:
        """The group's events without our own greetings."""
        while True:
            try:
                event = await self._layer.receive(self._channel)
            except asyncio.CancelledError:
                self._subscribed = False  # the layer takes a cancelled receive for the end of the channel
                raise
            if event["type"] != HELLO:
                yield event
            elif event.get("hello") == self._hello:
                self._heard_hello.set()

    async def leave(self) -> None:
        """Give everything back; the layer has no other way to end a channel than a cancelled receive."""
        if not self._channel:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._layer.group_discard(self._group, self._channel)
        if self._subscribed:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    async for _ in self.events():
                        pass
