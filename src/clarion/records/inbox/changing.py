"""Changing what stands in an inbox: read, unread, seen, dismissed, archived, snoozed, awake again, recalled.

Every change gets the inbox's next revision number, and moves the counts and the notification's own state in the same
transaction: the counter row is locked before any item, as everywhere, so that numbers appear in their order.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move


class Change(StrEnum):
    """What becomes of an item by the person's doing, or its sender's (RECALL; REVISE: it says something else now).
    Dismissed and archived ones count as read; recalled ones are gone for the person."""

    READ = "read"
    UNREAD = "unread"
    SEEN = "seen"
    DISMISS = "dismiss"
    ARCHIVE = "archive"
    RESTORE = "restore"
    SNOOZE = "snooze"
    WAKE = "wake"
    RECALL = "recall"
    REVISE = "revise"
    ACT = "act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """What one change did: the items, the inbox's revision after it, and what is unread and unseen now."""

    items: tuple[UUID, ...]
    rev: int
    unread: int
    unseen: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """`sets` may use %(now)s and %(until)s; `where` says which items it changes at all."""

    sets: str
    where: str
    reads: bool = False


_OUT = "dismissed_at IS NULL AND archived_at IS NULL AND recalled_at IS NULL"
_SEEN = "seen_at = coalesce(i.seen_at, %(now)s)"
_READ = f"read_at = coalesce(i.read_at, %(now)s), {_SEEN}"
_RULES = {
    Change.READ: _Rule(_READ, "read_at IS NULL AND recalled_at IS NULL", reads=True),
    Change.UNREAD: _Rule("read_at = NULL", f"read_at IS NOT NULL AND {_OUT}"),
    Change.SEEN: _Rule(_SEEN, "seen_at IS NULL AND recalled_at IS NULL"),
    Change.DISMISS: _Rule(
        f"dismissed_at = %(now)s, snoozed_until = NULL, {_READ}",
        "dismissed_at IS NULL AND recalled_at IS NULL",
        reads=True,
    ),
    Change.ARCHIVE: _Rule(f"archived_at = %(now)s, {_READ}", f"archived_at IS NULL AND {_OUT}", reads=True),
    Change.RESTORE: _Rule("archived_at = NULL", "archived_at IS NOT NULL AND recalled_at IS NULL"),
    Change.SNOOZE: _Rule(f"snoozed_until = %(until)s, {_SEEN}", _OUT),
    Change.WAKE: _Rule("snoozed_until = NULL, read_at = NULL, seen_at = NULL", f"snoozed_until IS NOT NULL AND {_OUT}"),
    Change.RECALL: _Rule("recalled_at = %(now)s, snoozed_until = NULL", "recalled_at IS NULL"),
    Change.REVISE: _Rule("content_sealed = %(content)s", "recalled_at IS NULL"),
    Change.ACT: _Rule(f"acted = %(action)s, {_READ}", "acted = '' AND recalled_at IS NULL", reads=True),
}


def counted(alias: str, column: str) -> str:
    """SQL: whether the item counts as unread (`read_at`) or unseen (`seen_at`)."""
    gone = ("dismissed_at", "archived_at", "recalled_at", "snoozed_until")
    return " AND ".join(f"{alias}.{name} IS NULL" for name in (column, *gone))


_LOCK = "SELECT last_rev, unread, unseen FROM inbox_counter WHERE user_id = %(user)s FOR UPDATE"
_COUNT = """
UPDATE inbox_counter SET last_rev = %(rev)s, unread = unread + %(unread)s, unseen = unseen + %(unseen)s
WHERE user_id = %(user)s RETURNING last_rev, unread, unseen
"""


def _statement(rule: _Rule, which: str) -> str:
    return f"""
WITH old AS (SELECT id, read_at, {counted("o", "read_at")} AS unread, {counted("o", "seen_at")} AS unseen
             FROM inbox_item AS o WHERE user_id = %(user)s AND {rule.where}{which} FOR UPDATE)
UPDATE inbox_item AS i SET {rule.sets}, rev = %(rev)s FROM old WHERE i.id = old.id
RETURNING i.id, old.read_at IS NULL, ({counted("i", "read_at")})::int - old.unread::int,
          ({counted("i", "seen_at")})::int - old.unseen::int
"""


def change(user_id: UUID, kind: Change, now: datetime, *, ids: Collection[UUID] | None = None, **more: Any) -> Changed:
    """Make one change of these items of a person's inbox, or of all that it fits (`ids` None). Items of others, and
    those it changes nothing of, are passed over; without any, nothing is counted and the revision stays. `more`: the
    `until` of SNOOZE, the sealed `content` of REVISE, the `action` of ACT."""
    rule = _RULES[kind]
    values: dict[str, Any] = {"user": user_id, "now": now, "ids": list(ids) if ids is not None else None, **more}
    which = "" if ids is None else " AND id = ANY(%(ids)s)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        state = cursor.fetchone()
        if state is None:
            return Changed(items=(), rev=0, unread=0, unseen=0)
        cursor.execute(_statement(rule, which), {**values, "rev": state[0] + 1})
        rows = cursor.fetchall()
        if not rows:
            return Changed(items=(), rev=state[0], unread=state[1], unseen=state[2])
        counts = {"rev": state[0] + 1, "unread": sum(row[2] for row in rows), "unseen": sum(row[3] for row in rows)}
        cursor.execute(_COUNT, {**counts, "user": user_id})
        rev, unread, unseen = cursor.fetchone()
        if rule.reads:
            move([Move(notification_id=row[0], to=Status.READ) for row in rows if row[1]], now)
    return Changed(items=tuple(row[0] for row in rows), rev=rev, unread=unread, unseen=unseen)
