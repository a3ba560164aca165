"""Changing rooms and who belongs to them: store it → ask the sockets that are concerned to look again.

The change is durable when a function returns; the asking is a hint, and a socket that misses it is looked after all the
same, within the time that the hub takes for a round.
"""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction

from clarion.contract.faults import Unreachable
from clarion.records.live.layer import LiveLayer
from clarion.records.rooms import presence, store
from clarion.records.rooms.models import Room
from clarion.records.rooms.store import Added

log = structlog.get_logger()


def add(room: Room, users: Collection[UUID], now: datetime) -> Added:
    """Make people members. Raises store.RoomFull."""
    added = store.add(room, users, now)
    log.info("room_members_added", room=str(room.id), count=added.count)
    return added


def remove(room: Room, users: Collection[UUID]) -> int:
    """End the membership of these people; returns how many had one. Their sockets leave the room."""
    removed = store.remove(room, users)
    if removed:
        _look_again(rooms=[room.key])
        log.info("room_members_removed", room=str(room.id), count=removed)
    return removed


def change(room: Room, given: dict[str, object]) -> None:
    """Change name, rule, or whether it is archived; sockets leave that may be there no more."""
    for name, value in given.items():
        setattr(room, name, value)
    room.save(update_fields=list(given))
    if given.keys() & {"rule", "archived"}:
        _look_again(rooms=[room.key])


def delete(room: Room) -> None:
    """The room and its memberships are gone; what was sent to its people stays theirs."""
    identifier = str(room.id)
    room.delete()
    _look_again(rooms=[room.key])
    log.info("room_deleted", room=identifier)


def show_presence(user_id: UUID, shown: bool) -> None:
    """Whether room-mates see that the person is online; their rooms are told."""
    presence.show(user_id, shown)
    _look_again(users=[user_id])


def _look_again(*, rooms: Collection[str] = (), users: Collection[UUID] = ()) -> None:
    transaction.on_commit(partial(_tell, rooms, users))


def _tell(rooms: Collection[str], users: Collection[UUID]) -> None:
    try:
        LiveLayer().look_again(rooms=rooms, users=users)
    except Unreachable:
        log.warning("rooms_not_told", rooms=len(rooms), users=len(users))
