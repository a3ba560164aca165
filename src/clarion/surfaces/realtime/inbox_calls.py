"""The database side of sockets: plain functions, run in a few threads that keep their connections.

A handful of threads serves any number of sockets; more would only add connections to PostgreSQL.
"""

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async

from clarion.records.inbox import reading
from clarion.records.inbox.reading import Item

THREADS = 4
BACKLOG_MOST = 100
PAGE = 200

P = ParamSpec("P")
T = TypeVar("T")
_threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="realtime-db")


def in_thread(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """The function as an awaitable; connections that have grown old or broken are closed before and after it."""
    wrapped: Callable[P, Awaitable[T]] = database_sync_to_async(function, thread_sensitive=False, executor=_threads)
    return wrapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a client is told first. Every item up to `seq` is either in `items`, read, or older than the backlog."""

    unread: int
    seq: int
    items: list[Item]


def read_opening(user_id: UUID) -> Opening:
    """The unread count and the newest unread items, oldest first."""
    # The number is read before the items: what comes in between is in both or is told again, never in neither.
    seq = reading.last_seq(user_id)
    items = reading.newest(user_id, "unread", None, BACKLOG_MOST)[::-1]
    return Opening(unread=reading.unread_count(user_id), seq=max([seq, *(i.seq for i in items)]), items=items)


def read_page(user_id: UUID, since: int) -> list[Item]:
    """The next PAGE items after a number, oldest first."""
    return reading.since(user_id, since, PAGE)


def mark_read(user_id: UUID, identifier: UUID, now: datetime) -> int | None:
    """Mark one item; the unread count after it, or None when the user has no such item."""
    if not reading.mark_read(user_id, identifier, now) and reading.one(user_id, identifier) is None:
        return None
    return reading.unread_count(user_id)


def mark_all_read(user_id: UUID, now: datetime) -> int:
    """Mark every item; the unread count after it."""
    reading.mark_all_read(user_id, now)
    return reading.unread_count(user_id)
