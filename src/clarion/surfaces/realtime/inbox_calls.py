"""The database side of sockets: plain functions, run in a few threads that keep their connections.

A handful of threads serves any number of sockets; more would only add connections to PostgreSQL.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from channels.db import database_sync_to_async

from clarion.flows.inbox import flow
from clarion.records.inbox import reading
from clarion.records.inbox.changing import Change
from clarion.records.inbox.reading import After, Item, Standing

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
    """What a client is told first: where the inbox stood, and the newest unread items. Whatever came up to
    `standing.rev` is either in `items`, read, or older than the backlog."""

    standing: Standing
    items: list[Item]


def read_openings(asked: Sequence[tuple[UUID, bool]]) -> list[Opening]:
    """One for each user; items for those who ask for the backlog."""
    # Where it stands is read before the items: what comes in between is told again, never left out.
    standings = reading.standings({user for user, _ in asked})
    wanting = {user for user, backlog in asked if backlog}
    backlogs = reading.backlogs(wanting, BACKLOG_MOST) if wanting else {}
    return [
        Opening(standing=standings.get(user, Standing()), items=backlogs.get(user, []) if backlog else [])
        for user, backlog in asked
    ]


def read_pages(asked: Sequence[After]) -> list[list[Item]]:
    """The next PAGE items after each place."""
    return reading.pages(asked, PAGE)


def read_standings(users: Collection[UUID]) -> dict[UUID, Standing]:
    """Where these inboxes stand."""
    return reading.standings(users)


def mark_read(user_id: UUID, identifier: UUID, now: datetime) -> bool:
    """Mark one item; False when the user has no such item."""
    return bool(flow.mark(user_id, Change.READ, now, ids=[identifier]).items) or (
        reading.one(user_id, identifier) is not None
    )


def mark_all_read(user_id: UUID, now: datetime) -> None:
    """Mark every item."""
    flow.mark(user_id, Change.READ, now)
