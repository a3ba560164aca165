"""Which entries a claim brings, as a pure function: the specification of the statement in records/ledger/queue.py."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID


class Waiting(Protocol):
    """An entry of the queue, as far as picking looks at it."""

    lane: str
    priority: int
    caller: UUID
    due_at: datetime
    lease_until: datetime | None


W = TypeVar("W", bound=Waiting)


def pick(
    entries: Iterable[W],
    *,
    lane: str,
    limit: int,
    priorities: Sequence[int],
    now: datetime,
    age: timedelta,
    start: UUID,
    most_callers: int,
) -> list[W]:
    """Priority by priority; within one, every caller who has anything there, from `start` on in a ring, gets the same
    share, oldest due first. A caller whose entries are not due, or are held, takes a share all the same: to leave it
    out would mean to read what is not due."""
    of_lane = [entry for entry in entries if entry.lane == lane]
    picked: list[W] = []
    for priority in priorities:
        mine = [entry for entry in of_lane if entry.priority == priority]
        ring = _ring({entry.caller for entry in mine}, start, most_callers)
        share = -(-limit // len(ring)) if ring else 0
        for caller in ring:
            free = [entry for entry in mine if entry.caller == caller and _is_free(entry, now, age)]
            picked += sorted(free, key=lambda entry: entry.due_at)[:share]
    return picked[:limit]


def _ring(callers: set[UUID], start: UUID, most: int) -> list[UUID]:
    ordered = sorted(callers)
    first = next((place for place, caller in enumerate(ordered) if caller >= start), 0)
    return [*ordered[first:], *ordered[:first]][:most]


def _is_free(entry: Waiting, now: datetime, age: timedelta) -> bool:
    return entry.due_at <= now - age and (entry.lease_until is None or entry.lease_until < now)
