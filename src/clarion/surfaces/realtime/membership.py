"""A socket's place on the channel layer: joining a user's group for certain, and leaving without a trace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

from channels.layers import get_channel_layer

from clarion.records.inbox.live import group_of

JOIN_SECONDS = 5.0
FIRST_ECHO_SECONDS = 0.1
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
        self._subscribed = False
        self.joined = False

    async def enter(self) -> None:
        """Ask for the group's events; they begin to arrive somewhat later, see `wait_until_joined`."""
        self._channel = await self._layer.new_channel()
        self._subscribed = True
        await self._layer.group_add(self._group, self._channel)

    async def wait_until_joined(self) -> None:
        """Return when everything published from now on arrives; raises NotJoined.

        `group_add` returns when Redis has been *asked* to subscribe; what is published until it has done so is lost.
        Redis serves one connection in order, and a process has one for all its subscriptions: when a channel that was
        asked for later answers, the group was subscribed too.
        """
        later = await self._layer.new_channel()
        answer = asyncio.ensure_future(self._layer.receive(later))
        try:
            await self._hear_echo(later, answer)
        finally:
            if answer.done():
                await self._drop(later)
            else:
                answer.cancel()
                await asyncio.gather(answer, return_exceptions=True)
        self.joined = True

    async def _hear_echo(self, channel: str, answer: "asyncio.Future[Event]") -> None:
        pause = FIRST_ECHO_SECONDS
        while pause < JOIN_SECONDS:
            await self._layer.send(channel, {"type": "inbox.echo"})
            done, _ = await asyncio.wait({answer}, timeout=pause)
            if done:
                answer.result()
                return
            pause *= 2
        raise NotJoined

    async def publish(self, event: dict[str, Any]) -> None:
        """Send an event to every socket of the user, this one too."""
        await self._layer.group_send(self._group, event)

    async def events(self) -> AsyncIterator[Event]:
        """The group's events."""
        while True:
            try:
                event = await self._layer.receive(self._channel)
            except asyncio.CancelledError:
                self._subscribed = False  # the layer takes a cancelled receive for the end of the channel
                raise
            yield event

    async def leave(self) -> None:
        """Give everything back."""
        if not self._channel:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._layer.group_discard(self._group, self._channel)
        if self._subscribed:
            await self._drop(self._channel)

    async def _drop(self, channel: str) -> None:
        """End a channel: the layer does so when a receive is cancelled, and in no other way."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                while True:
                    await self._layer.receive(channel)
