"""What vendors said about notifications, each thing once; and what waits for its notification to be known.

A report is unique by notification, account and the vendor's event id, so it does not matter how often, or through how
many workers, it comes.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection

from clarion.contract.feedback import Kind, Reported
from clarion.records import hot
from clarion.records.ids import new_id
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring

LOCK = 4_207_002
LEASE = timedelta(seconds=60)
KEY_BYTES = 20
_RECORD = """
INSERT INTO feedback_report (notification_id, account_id, event_key, callback_id, kind, at, reason)
SELECT * FROM unnest(%(notifications)s::uuid[], %(accounts)s::uuid[], %(keys)s::bytea[], %(callbacks)s::uuid[],
    %(kinds)s::text[], %(at)s::timestamptz[], %(reasons)s::text[])
ON CONFLICT DO NOTHING RETURNING notification_id, account_id, event_key
"""
_KINDS_BEFORE = """
SELECT DISTINCT r.notification_id, r.account_id, r.kind FROM feedback_report AS r
WHERE r.notification_id = ANY(%(notifications)s) AND r.kind = ANY(%(kinds)s)
  AND r.notification_id BETWEEN %(lowest)s AND %(highest)s
  AND NOT EXISTS (SELECT FROM unnest(%(notifications)s::uuid[], %(accounts)s::uuid[], %(keys)s::bytea[])
      AS new(notification_id, account_id, event_key)
      WHERE (new.notification_id, new.account_id, new.event_key) = (r.notification_id, r.account_id, r.event_key))
"""
_WAIT = """
INSERT INTO feedback_waiting (id, account_id, event_key, callback_id, told_sealed, since, due_at, attempts)
SELECT w.id, w.account, w.key, w.callback, w.told, w.since, statement_timestamp() + w.span, 0
FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(keys)s::bytea[], %(callbacks)s::uuid[], %(told)s::bytea[],
    %(since)s::timestamptz[], %(spans)s::interval[]) AS w(id, account, key, callback, told, since, span)
ON CONFLICT (account_id, event_key) DO NOTHING
"""
_CLAIM = """
UPDATE feedback_waiting AS w SET due_at = statement_timestamp() + %(lease)s, attempts = w.attempts + 1
FROM (SELECT id FROM feedback_waiting WHERE due_at <= statement_timestamp() ORDER BY due_at LIMIT %(limit)s
      FOR UPDATE SKIP LOCKED) AS due
WHERE w.id = due.id RETURNING w.id, w.account_id, w.event_key, w.callback_id, w.told_sealed, w.since, w.attempts
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A thing that a vendor said, with where it came from. `waiting` is the id of its row while it waits, `attempts`
    how often it was looked at since `since`."""

    account_id: UUID
    key: bytes
    callback_id: UUID
    at: datetime
    reported: Reported
    since: datetime
    waiting: UUID | None = None
    attempts: int = 0


def key_of(event_id: str) -> bytes:
    """A vendor's event id, made short and of one length."""
    return hashlib.blake2b(event_id.encode(errors="replace"), digest_size=KEY_BYTES).digest()


def one_at_a_time(accounts: Sequence[UUID]) -> None:
    """Until the transaction ends, nobody else applies what these accounts report: so that two workers never wait for
    each other in a circle over the same notifications."""
    with connection.cursor() as cursor:
        for account in sorted(accounts):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, account.int & 0x7FFFFFFF])


def record(told: Sequence[tuple[UUID, Told]]) -> list[tuple[UUID, Told]]:
    """Put these on record with their notifications; returns those that were not there yet."""
    if not told:
        return []
    once = {(one, each.account_id, each.key): (one, each) for one, each in told}
    rows = [once[key] for key in sorted(once)]
    new = hot.fetch(
        _RECORD,
        {
            "notifications": [one for one, _ in rows],
            "accounts": [each.account_id for _, each in rows],
            "keys": [each.key for _, each in rows],
            "callbacks": [each.callback_id for _, each in rows],
            "kinds": [str(each.reported.kind) for _, each in rows],
            "at": [each.at for _, each in rows],
            "reasons": [str(each.reported.reason or "") for _, each in rows],
        },
    )
    fresh = {(row[0], row[1], bytes(row[2])) for row in new}
    return [pair for key, pair in once.items() if key in fresh]


def kinds_before(told: Sequence[tuple[UUID, Told]]) -> set[tuple[UUID, UUID, str]]:
    """Which kinds were on record of these notifications, by notification and account, before these reports were."""
    if not told:
        return set()
    notifications = [one for one, _ in told]
    values = {
        "notifications": notifications,
        "accounts": [each.account_id for _, each in told],
        "keys": [each.key for _, each in told],
        "kinds": sorted({str(each.reported.kind) for _, each in told}),
        "lowest": min(notifications),
        "highest": max(notifications),
    }
    return {(row[0], row[1], row[2]) for row in hot.fetch(_KINDS_BEFORE, values)}


def wait(told: Sequence[tuple[Told, timedelta]]) -> None:
    """Keep new ones until their notification is known, and let waiting ones wait on, each for its span."""
    new = [(each, span) for each, span in told if each.waiting is None]
    old = [(each.waiting, span) for each, span in told if each.waiting is not None]
    if new:
        ids = [new_id() for _ in new]
        hot.fetch(
            _WAIT,
            {
                "ids": ids,
                "accounts": [each.account_id for each, _ in new],
                "keys": [each.key for each, _ in new],
                "callbacks": [each.callback_id for each, _ in new],
                "told": [_sealed(one, each) for one, (each, _) in zip(ids, new, strict=True)],
                "since": [each.since for each, _ in new],
                "spans": [span for _, span in new],
            },
        )
    if old:
        hot.fetch(
            "UPDATE feedback_waiting AS w SET due_at = statement_timestamp() + back.span"
            " FROM unnest(%s::uuid[], %s::interval[]) AS back(id, span) WHERE w.id = back.id",
            [[one for one, _ in old], [span for _, span in old]],
        )


def claim_waiting(limit: int) -> list[Told]:
    """Take up those that are to be looked at again; they come back after LEASE unless they are done."""
    found, lost = [], []
    for row in hot.fetch(_CLAIM, {"lease": LEASE, "limit": limit}):
        told = _opened(row)
        if told is None:
            lost.append(row[0])
        else:
            found.append(told)
    forget_waiting(lost)
    return found


def forget_waiting(ids: Sequence[UUID]) -> None:
    """These wait no more."""
    if ids:
        hot.fetch("DELETE FROM feedback_waiting WHERE id = ANY(%s)", [list(ids)])


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    reported: Reported


def _sealed(identifier: UUID, told: Told) -> bytes:
    plain = msgspec.json.encode(_Kept(at=told.at, reported=told.reported))
    return ring().seal(plain, place_of("feedback_waiting", identifier, "told_sealed"))


def _opened(row: Sequence[Any]) -> Told | None:
    """None where its key is gone: the callback is still there to be replayed."""
    try:
        plain = ring().open(bytes(row[4]), place_of("feedback_waiting", row[0], "told_sealed"))
    except Undecryptable:
        return None
    kept = msgspec.json.decode(plain, type=_Kept)
    return Told(
        account_id=row[1],
        key=bytes(row[2]),
        callback_id=row[3],
        at=kept.at,
        reported=kept.reported,
        since=row[5],
        waiting=row[0],
        attempts=row[6],
    )


_ARRIVED = frozenset({Kind.DELIVERED, Kind.OPENED, Kind.CLICKED, Kind.COMPLAINED})
_FAILED = frozenset({Kind.BOUNCED, Kind.SOFT_BOUNCED, Kind.FAILED})


def has_arrived(reported: Reported) -> bool:
    """Whether this cannot have happened to a message that did not arrive."""
    return reported.kind in _ARRIVED


def has_failed(reported: Reported) -> bool:
    """Whether the message did not get there. A vendor that knew the recipient as unsubscribed did not send it, and says
    so with a reason."""
    return reported.kind in _FAILED or (reported.kind is Kind.UNSUBSCRIBED and reported.reason is not None)
