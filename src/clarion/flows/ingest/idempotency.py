"""The same key gives the same answer: key, hash and answer are stored in the transaction of the work itself.

An advisory lock on caller and key stands for "still running"; it ends with the transaction, however that ends.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from clarion.contract.input_error import InputError
from clarion.records.ids import first_id_of, new_id

WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """An answer under a key; `replayed` when it was given before."""

    status: int
    body: bytes = field(repr=False)
    replayed: bool = False


def once(caller_id: UUID, key: str, request: bytes, now: datetime, work: Callable[[], Pinned | None]) -> Pinned | None:
    """Run `work` once for this caller and key; raises InputError 409 while it runs elsewhere, 422 for another body.

    When `work` raises, nothing is stored; when it answers None, what it did is kept, but the key stays free.
    """
    digest = hashlib.sha256(request).digest()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{caller_id} {key}"])
        if not cursor.fetchone()[0]:
            raise InputError("still_running", "a request with this key is still running; try again", status=409)
        known = _find(caller_id, key, now)
        if known is not None:
            if bytes(known[0]) != digest:
                raise InputError("key_reused", "this Idempotency-Key was used with another body", status=422)
            return Pinned(status=known[1], body=bytes(known[2]), replayed=True)
        done = work()
        if done is None:
            return None
        cursor.execute(
            "INSERT INTO ledger_idempotency (id, caller_id, key, request_hash, status, answer)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [new_id(), caller_id, key, digest, done.status, done.body],
        )
    return done


def _find(caller_id: UUID, key: str, now: datetime) -> tuple[bytes, int, bytes] | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_hash, status, answer FROM ledger_idempotency"
            " WHERE caller_id = %s AND key = %s AND id >= %s ORDER BY id DESC LIMIT 1",
            [caller_id, key, first_id_of(now - WINDOW)],
        )
        row: tuple[bytes, int, bytes] | None = cursor.fetchone()
    return row
