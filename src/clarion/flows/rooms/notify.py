"""Sending to a room: its people become the recipients of a bulk job, and go the way of every other recipient."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import redis

from clarion.contract.faults import Unreachable
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.bulk import JobReceipt, Recipient, accept_list
from clarion.records.live import online, rosters
from clarion.records.rooms import store
from clarion.records.rooms.models import Room, Rule


def notify(asked: Send, room: Room, exclude: Collection[UUID], only_online: bool, now: datetime) -> JobReceipt:
    """Take a send to the people of a room in. Raises InputError for the send as a whole, and Unreachable where it must
    be known who is connected and cannot be."""
    people = people_of(room, only_online=only_online)
    left_out = frozenset(exclude)
    chosen = [one for one in people if one not in left_out]
    return accept_list(asked, (Recipient(user_id=one, place=at) for at, one in enumerate(chosen)), now)


def people_of(room: Room, *, only_online: bool) -> list[UUID]:
    """The members; of a room that others may come into, too, also those who are in it now and may be seen.
    `only_online`: of all these, who has a socket open. Raises Unreachable."""
    people = set(store.member_ids(room))
    try:
        if room.rule != Rule.MEMBERS:
            people |= {UUID(user) for user in rosters.people_in(room.key)}
        if only_online:
            people = {UUID(user) for user in online.sockets({str(one) for one in people})}
    except (redis.RedisError, OSError) as error:
        raise Unreachable("who is connected cannot be asked now") from error
    return sorted(people)
