"""The same key gives the same answer: key, hash and answer are stored in the transaction of the work itself.

An advisory lock on caller and key stands for "still running"; it ends with the transaction, however that ends. The
hash is keyed and the answer sealed: a body may be a password, an answer a new API key.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.db import connection, transaction

from clarion.contract.input_error import InputError
from clarion.records.ids import first_id_of, new_id
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring

WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """An answer under a key; `replayed` when it was given before."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    replayed: bool = False


class _Kept(msgspec.Struct, frozen=True):
    """What is sealed of an answer."""

    headers: dict[str, str]
    body: bytes


def once(caller_id: UUID, key: str, request: bytes, now: datetime, work: Callable[[], Pinned | None]) -> Pinned | None:
    """Run `work` once for this caller and key; raises InputError 409 while it runs elsewhere, 422 for another request.

    When `work` raises, nothing is stored; when it answers None, what it did is kept, but the key stays free.
    """
    digest = hashlib.sha256(request).hexdigest()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"{caller_id} {key}"])
        if not cursor.fetchone()[0]:
            raise InputError("still_running", "a request with this key is still running; try again", status=409)
        known = _find(caller_id, key, digest, now)
        if known is not None:
            return known
        done = work()
        if done is not None:
            _pin(caller_id, key, digest, done)
    return done


def _pin(caller_id: UUID, key: str, digest: str, done: Pinned) -> None:
    identifier = new_id()
    plain = msgspec.msgpack.encode(_Kept(headers=dict(done.headers), body=done.body))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_idempotency (id, caller_id, key, request_hash, status, answer_sealed)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                identifier,
                caller_id,
                key,
                ring().lookup_hash("idempotency", digest),
                done.status,
                ring().seal(plain, _place(identifier)),
            ],
        )


def _find(caller_id: UUID, key: str, digest: str, now: datetime) -> Pinned | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, request_hash, status, answer_sealed FROM ledger_idempotency"
            " WHERE caller_id = %s AND key = %s AND id >= %s ORDER BY id DESC LIMIT 1",
            [caller_id, key, first_id_of(now - WINDOW)],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    if bytes(row[1]) not in ring().lookup_hashes("idempotency", digest):
        raise InputError("key_reused", "this Idempotency-Key was used with another request", status=422)
    try:
        kept = msgspec.msgpack.decode(ring().open(bytes(row[3]), _place(row[0])), type=_Kept)
    except Undecryptable as error:
        message = "this key was used, and its answer can no longer be opened; look for what it did"
        raise InputError("answer_lost", message, status=409) from error
    return Pinned(status=row[2], body=kept.body, headers=kept.headers, replayed=True)


def _place(identifier: UUID) -> bytes:
    return place_of("ledger_idempotency", identifier, "answer_sealed")
