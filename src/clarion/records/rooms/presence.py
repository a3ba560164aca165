"""What is kept of people's presence: when they were last seen, and whether others may see it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from clarion.records.rooms.models import Presence

_SEEN = """
INSERT INTO rooms_presence (user_id, last_seen)
SELECT u.id, %s FROM people_user u WHERE u.id = ANY(%s) ORDER BY u.id
ON CONFLICT (user_id) DO UPDATE SET last_seen = greatest(rooms_presence.last_seen, excluded.last_seen)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """`show`: room-mates see that the person is online."""

    show: bool = True
    last_seen: datetime | None = None


def of(user_id: UUID) -> Kept:
    """Of somebody who was never here: visible, never seen."""
    row = Presence.objects.filter(pk=user_id).first()
    return Kept(show=row.show_presence, last_seen=row.last_seen) if row else Kept()


def show(user_id: UUID, shown: bool) -> None:
    """Let room-mates see the person, or not."""
    Presence.objects.update_or_create(pk=user_id, defaults={"show_presence": shown})


def seen(users: Collection[UUID], at: datetime) -> None:
    """These people were here at that moment; one statement for all of them."""
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [at, list(users)])
