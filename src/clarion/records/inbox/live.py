"""Telling connected clients: one frame to the user's group on the channel layer. At most once; a hint."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

import redis
from channels.layers import get_channel_layer
from django.conf import settings

from clarion.contract.faults import Unreachable
from clarion.contract.host import InboxItem
from clarion.egress import loop
from clarion.records import volatile

SECONDS = 5.0


def group_of(user_id: UUID | str) -> str:
    """The name of a user's group."""
    return f"user.{user_id}"


def frame_of(item: InboxItem) -> dict[str, Any]:
    """The item as clients see it, in a frame and in the API alike."""
    return {
        "id": item.id,
        "channel": item.channel,
        "seq": item.seq,
        "title": item.title,
        "body": item.body,
        "data": dict(item.data),
        "priority": item.priority,
        "category": item.category,
        "created_at": item.created_at.isoformat(),
        "read": False,
    }


class LiveLayer:
    """The LivePort over Django Channels."""

    def publish(self, items: Sequence[InboxItem]) -> None:
        """Send each item to its user's group; raises Unreachable when the layer is down."""
        self._send([(item.user_id, partial(_item_event, item)) for item in items])

    def tell(self, user_id: UUID, event: Mapping[str, Any]) -> None:
        """Send one other event (`inbox.unread`) to a user's sockets."""
        self._send([(str(user_id), partial(dict, event))])

    def _send(self, events: Sequence[tuple[str, Callable[[], dict[str, Any]]]]) -> None:
        """Events are made only for those who listen: most people are not connected."""
        try:
            listening = _listened_to(sorted({user for user, _ in events}))
            heard = [(user, make()) for user, make in events if user in listening]
            if heard:
                loop.run(_publish(heard), timeout=SECONDS)
        except (redis.RedisError, OSError, TimeoutError) as error:
            raise Unreachable("the live layer does not answer") from error


def _item_event(item: InboxItem) -> dict[str, Any]:
    return {"type": "inbox.item", "item": frame_of(item)}


def _listened_to(users: Sequence[str]) -> set[str]:
    """Those of the users who have a socket anywhere; one question for all. Items were stored before it is asked, and
    whoever connects afterwards reads the inbox after subscribing, so nobody misses one."""
    names = {channel_name(user): user for user in users}
    counts = volatile.connection().pubsub_numsub(*names)
    return {names[_text(name)] for name, listeners in counts if listeners}  # type: ignore[union-attr]


def channel_name(user_id: UUID | str) -> str:
    """The Redis channel that the layer uses for a user's group (a test holds it against the layer's own word)."""
    return f"{settings.LAYER_PREFIX}__group__{group_of(user_id)}"


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name


async def _publish(events: Sequence[tuple[str, dict[str, Any]]]) -> None:
    layer = get_channel_layer()
    await asyncio.gather(*(layer.group_send(group_of(user), event) for user, event in events))
