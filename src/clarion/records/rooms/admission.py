"""Who may be in which room, asked for many at once: when a socket joins, and again and again while it stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from clarion.records.rooms.models import Rule

_ASK = """
SELECT a.n, r.rule, m.id IS NOT NULL, COALESCE(p.show_presence, true)
FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY a(user_id, key, n)
JOIN rooms_room r ON r.key = a.key AND NOT r.archived
LEFT JOIN rooms_member m ON m.room_id = r.id AND m.user_id = a.user_id
LEFT JOIN rooms_presence p ON p.user_id = a.user_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knock:
    """A person at the door of a room; `claimed`: the token that they showed names the room."""

    user_id: UUID
    room: str
    claimed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What is answered. `visible`: room-mates see that the person is there."""

    admitted: bool
    visible: bool = False


NOT_ADMITTED = Admission(admitted=False)


def ask(knocks: Sequence[Knock]) -> list[Admission]:
    """In their order, by one query. A room that is not there, or archived, admits nobody."""
    found = [NOT_ADMITTED] * len(knocks)
    with connection.cursor() as cursor:
        cursor.execute(_ASK, [[knock.user_id for knock in knocks], [knock.room for knock in knocks]])
        for number, rule, is_member, visible in cursor.fetchall():
            knock = knocks[number - 1]
            if _admits(rule, knock.claimed, is_member):
                found[number - 1] = Admission(admitted=True, visible=visible)
    return found


def _admits(rule: str, claimed: bool, is_member: bool) -> bool:
    match rule:
        case Rule.OPEN:
            return True
        case Rule.MEMBERS:
            return is_member
        case Rule.CLAIM:
            return claimed
    return False
