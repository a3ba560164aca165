"""Telling connected clients, from any process. At most once; a hint. Events are made only for those who listen, for
most people are not connected: items are stored before it is asked who does, and whoever connects afterwards reads the
inbox after being counted, so nobody misses one."""

from collections.abc import Collection, Sequence
from uuid import UUID

import redis

from clarion.contract.faults import Unreachable
from clarion.contract.host import InboxItem
from clarion.records import volatile
from clarion.records.live import events, frames, online
from clarion.records.live.events import Event


class LiveLayer:
    """The LivePort over Redis."""

    def publish(self, items: Sequence[InboxItem]) -> None:
        """Show new items to their people; raises Unreachable when Redis is down."""
        try:
            listening = online.sockets({item.user_id for item in items})
            _send([_arrival(item) for item in items if item.user_id in listening])
        except (redis.RedisError, OSError) as error:
            raise Unreachable("the live layer does not answer") from error

    def tell(self, user_id: UUID, told: Sequence[str], rev: int = 0) -> None:
        """Send frames to a user's sockets; with `rev`, the first of them tells of that revision. Raises Unreachable."""
        user = str(user_id)
        try:
            if online.sockets([user]):
                _send([Event(user, 0 if at else rev, frame) for at, frame in enumerate(told)])
        except (redis.RedisError, OSError) as error:
            raise Unreachable("the live layer does not answer") from error

    def look_again(self, *, rooms: Collection[str] = (), users: Collection[UUID] = ()) -> None:
        """Who may be in these rooms, or what holds for these people's presence, has changed. Raises Unreachable."""
        places = [*rooms, *(events.of_user(str(user)) for user in users)]
        try:
            _send([Event("", 0, "", place) for place in places])
        except (redis.RedisError, OSError) as error:
            raise Unreachable("the live layer does not answer") from error


def _arrival(item: InboxItem) -> Event:
    return Event(item.user_id, item.rev, frames.notification(frames.note_of_new(item)))


def _send(told: Sequence[Event]) -> None:
    connection = volatile.connection()
    for message in events.packed(told):
        connection.publish(events.channel(), message)
