"""Rooms and their members: finding, adding and removing, in bulk. Who may do it is the API's to ask."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from clarion.records.ids import new_id
from clarion.records.rooms.models import Member, Room, Rule

MOST_MEMBERS = 100_000
_ADD = """
INSERT INTO rooms_member (id, room_id, user_id, joined_at)
SELECT a.id, %s, u.id, %s FROM unnest(%s::uuid[], %s::uuid[]) a(id, user_id)
JOIN people_user u ON u.id = a.user_id AND u.is_active
ORDER BY u.id
ON CONFLICT (room_id, user_id) DO NOTHING
RETURNING user_id
"""


class RoomFull(Exception):
    """More members than a room may have; nobody was added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """How many are new, and who is no active user and was left out."""

    count: int
    unknown: list[UUID]


def find(key: str) -> Room | None:
    """Archived ones, too."""
    return Room.objects.filter(key=key).first()


def open_to(user_id: UUID, claimed: Collection[str]) -> QuerySet[Room]:
    """The rooms that a person may come into."""
    own = Exists(Member.objects.filter(room=OuterRef("pk"), user_id=user_id))
    rules = Q(rule=Rule.OPEN) | (Q(rule=Rule.MEMBERS) & own) | Q(rule=Rule.CLAIM, key__in=list(claimed))
    return Room.objects.filter(rules, archived=False)


def add(room: Room, users: Collection[UUID], now: datetime) -> Added:
    """Make these people members; who is one already stays as they are. Raises RoomFull."""
    wanted = sorted(set(users))
    with transaction.atomic():
        Room.objects.select_for_update(no_key=True).only("id").get(pk=room.pk)  # lest two calls overfill it
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [room.pk, now, [new_id() for _ in wanted], wanted])
            new = {row[0] for row in cursor.fetchall()}
        if Member.objects.filter(room=room).count() > MOST_MEMBERS:
            raise RoomFull
        rest = [one for one in wanted if one not in new]
        known = set(Member.objects.filter(room=room, user_id__in=rest).values_list("user_id", flat=True))
    return Added(count=len(new), unknown=[one for one in rest if one not in known])


def remove(room: Room, users: Collection[UUID]) -> int:
    """Returns how many were members."""
    return Member.objects.filter(room=room, user_id__in=list(users)).delete()[0]


def member_ids(room: Room) -> list[UUID]:
    """Everybody in the table of members."""
    return list(Member.objects.filter(room=room).order_by("user_id").values_list("user_id", flat=True))


def counts(rooms: Sequence[Room]) -> dict[UUID, int]:
    """How many members these rooms have, in one query."""
    found = dict.fromkeys((room.pk for room in rooms), 0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT room_id, count(*) FROM rooms_member WHERE room_id = ANY(%s) GROUP BY room_id", [list(found)]
        )
        return found | dict(cursor.fetchall())
