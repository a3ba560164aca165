"""Callbacks as they came, and the list of those that are still to be read. Stored in one statement with its task, so
that what was answered 200 is durable."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from clarion.contract.feedback import Callback
from clarion.records import hot
from clarion.records.ids import new_id
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring

LEASE = timedelta(seconds=60)
_STORE = """
WITH stored AS (
    INSERT INTO feedback_callback (id, account_id, received_at, raw_sealed)
    VALUES (%(id)s, %(account)s, %(at)s, %(raw)s)
)
INSERT INTO feedback_task (id, due_at, attempts) VALUES (%(id)s, statement_timestamp(), 0)
"""
_CLAIM = """
UPDATE feedback_task AS t SET due_at = statement_timestamp() + %(lease)s, attempts = t.attempts + 1
FROM (SELECT id FROM feedback_task WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT %(limit)s
      FOR UPDATE SKIP LOCKED) AS due
WHERE t.id = due.id RETURNING t.id, t.attempts
"""
_OPEN = """
SELECT id, account_id, raw_sealed, received_at FROM feedback_callback
WHERE id = ANY(%(ids)s) AND id BETWEEN %(lowest)s AND %(highest)s
"""
_DONE = """
UPDATE feedback_callback AS c SET read_at = %(at)s, reports = done.reports, error = done.error
FROM unnest(%(ids)s::uuid[], %(reports)s::int[], %(errors)s::text[]) AS done(id, reports, error)
WHERE c.id = done.id AND c.id BETWEEN %(lowest)s AND %(highest)s
"""
_REPLAY = """
INSERT INTO feedback_task (id, due_at, attempts)
SELECT id, statement_timestamp(), 0 FROM feedback_callback AS c
WHERE NOT EXISTS (SELECT 1 FROM feedback_task AS t WHERE t.id = c.id)
  AND CASE WHEN %(ids)s::uuid[] IS NULL THEN NOT (error = '') ELSE id = ANY(%(ids)s) END
  AND (%(account)s::uuid IS NULL OR account_id = %(account)s)
ORDER BY id LIMIT %(limit)s
ON CONFLICT (id) DO NOTHING RETURNING id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A stored callback that was taken up; `callback` None: it cannot be opened."""

    id: UUID
    account_id: UUID
    attempts: int
    callback: Callback | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What came of reading one: how many reports, or why it cannot be read."""

    id: UUID
    reports: int = 0
    error: str = ""


class _Raw(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    headers: dict[str, str]
    body: str
    method: str


def store(account: UUID, callback: Callback) -> UUID:
    """Store a verified callback durably; its reading is due at once."""
    identifier = new_id()
    raw = _Raw(
        url=callback.url,
        headers=dict(callback.headers),
        body=b64encode(callback.body).decode(),
        method=callback.method,
    )
    sealed = ring().seal(msgspec.json.encode(raw), place_of("feedback_callback", identifier, "raw_sealed"))
    hot.fetch(_STORE, {"id": identifier, "account": account, "at": callback.received_at, "raw": sealed})
    return identifier


def claim(limit: int) -> list[Stored]:
    """Take up due ones, oldest first. They come back after LEASE unless they are settled."""
    attempts: dict[UUID, int] = {row[0]: row[1] for row in hot.fetch(_CLAIM, {"lease": LEASE, "limit": limit})}
    if not attempts:
        return []
    rows = hot.fetch(_OPEN, _bounds(list(attempts)))
    gone = set(attempts) - {row[0] for row in rows}
    if gone:  # dropped by retention
        hot.fetch("DELETE FROM feedback_task WHERE id = ANY(%s)", [list(gone)])
    return [
        Stored(id=row[0], account_id=row[1], attempts=attempts[row[0]], callback=_opened(row[0], bytes(row[2]), row[3]))
        for row in sorted(rows, key=lambda one: one[0])
    ]


def _opened(identifier: UUID, sealed: bytes, received_at: datetime) -> Callback | None:
    try:
        plain = ring().open(sealed, place_of("feedback_callback", identifier, "raw_sealed"))
    except Undecryptable:
        return None
    raw = msgspec.json.decode(plain, type=_Raw)
    return Callback(
        url=raw.url,
        headers=raw.headers,
        body=b64decode(raw.body),
        received_at=received_at,
        method=raw.method,
    )


def _bounds(ids: Sequence[UUID]) -> dict[str, object]:
    return {"ids": list(ids), "lowest": min(ids), "highest": max(ids)}


def settle(read: Sequence[Read], now: datetime) -> None:
    """Put on record what came of these, and take them off the list."""
    if not read:
        return
    values = {
        **_bounds([each.id for each in read]),
        "at": now,
        "reports": [each.reports for each in read],
        "errors": [each.error[:500] for each in read],
    }
    hot.fetch(_DONE, values)
    hot.fetch("DELETE FROM feedback_task WHERE id = ANY(%s)", [[each.id for each in read]])


def postpone(waits: Sequence[tuple[UUID, timedelta]]) -> None:
    """Let these be read later."""
    if waits:
        hot.fetch(
            "UPDATE feedback_task AS t SET due_at = statement_timestamp() + back.span"
            " FROM unnest(%s::uuid[], %s::interval[]) AS back(id, span) WHERE t.id = back.id",
            [[one for one, _ in waits], [span for _, span in waits]],
        )


def replay(limit: int, *, account: UUID | None = None, ids: Sequence[UUID] | None = None) -> int:
    """Put callbacks on the list again (after a fix): these, or all that could not be read; returns how many."""
    return len(hot.fetch(_REPLAY, {"account": account, "ids": list(ids) if ids else None, "limit": limit}))


def any_due() -> bool:
    """Whether a callback, or a report that waits for its notification, is due."""
    return bool(
        hot.fetch(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM feedback_task WHERE due_at <= statement_timestamp())"
            " OR EXISTS (SELECT 1 FROM feedback_waiting WHERE due_at <= statement_timestamp())",
            [],
        )
    )
