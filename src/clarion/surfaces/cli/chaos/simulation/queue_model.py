"""The narrow queue as a model: each operation of records/ledger/queue.py and awaiting.py on a dictionary, with the time
handed in. tests/integration/test_ledger_machine.py holds it against PostgreSQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from clarion.records.ledger.queue import LEASE, MOST_CALLERS, PRIORITIES, Claimed
from clarion.surfaces.cli.chaos.simulation.picking import pick

NOBODY = UUID(int=0)


@dataclass(slots=True, kw_only=True)
class Entry:
    """A row of the queue."""

    id: UUID
    lane: str
    priority: int
    caller: UUID
    due_at: datetime
    attempts: int = 0
    replayed_after: int = 0
    replayed_at: datetime | None = None
    lease: int | None = None
    lease_until: datetime | None = None
    handed_over: bool = False
    awaits: bool = False

    def is_held(self, now: datetime) -> bool:
        """Whether a worker's lease runs."""
        return self.lease_until is not None and self.lease_until >= now


@dataclass(slots=True)
class QueueModel:
    """The rows by id, and the last lease given."""

    entries: dict[UUID, Entry] = field(default_factory=dict)
    serial: int = 0

    def add(self, entry: Entry) -> None:
        """Nothing happens where the id is there already."""
        self.entries.setdefault(entry.id, entry)

    def claim(
        self,
        lane: str,
        limit: int,
        now: datetime,
        *,
        priorities: Sequence[int] = PRIORITIES,
        age: timedelta = timedelta(0),
        start: UUID = NOBODY,
    ) -> tuple[int, list[Claimed]]:
        """The lease (0: nothing is there) and what it holds."""
        found = pick(
            self.entries.values(),
            lane=lane,
            limit=limit,
            priorities=priorities,
            now=now,
            age=age,
            start=start,
            most_callers=MOST_CALLERS,
        )
        if not found:
            return 0, []
        self.serial += 1
        return self.serial, [self.hold_for(entry, self.serial, now) for entry in found]

    def hold_for(self, entry: Entry, lease: int, now: datetime) -> Claimed:
        """Let a lease hold an entry."""
        abandoned = entry.lease is not None
        entry.lease, entry.lease_until = lease, now + LEASE
        entry.attempts += 1
        return Claimed(
            id=entry.id,
            priority=entry.priority,
            attempts=entry.attempts,
            earlier=entry.replayed_after,
            abandoned=abandoned,
            due_at=entry.due_at,
            replayed_at=entry.replayed_at,
            handed_over=entry.handed_over,
            awaits=entry.awaits,
        )

    def held_by(self, lease: int, ids: Iterable[UUID]) -> list[Entry]:
        """Those of the ids that this lease holds, whether or not it ran out: the fence."""
        rows = (self.entries.get(one) for one in ids)
        return [entry for entry in rows if entry is not None and entry.lease == lease]

    def renew(self, lease: int, now: datetime) -> bool:
        """Push the end out, unless it ran out; whether anything is held."""
        rows = [entry for entry in self.entries.values() if entry.lease == lease and entry.is_held(now)]
        for entry in rows:
            entry.lease_until = now + LEASE
        return bool(rows)

    def finish(self, lease: int, ids: Iterable[UUID]) -> set[UUID]:
        """Take out what the lease holds."""
        done = {entry.id for entry in self.held_by(lease, ids)}
        for one in done:
            del self.entries[one]
        return done

    def give_back(
        self, lease: int, after: Mapping[UUID, timedelta], now: datetime, *, untried: bool = False
    ) -> set[UUID]:
        """Due again after each span."""
        rows = self.held_by(lease, after)
        for entry in rows:
            entry.lease = entry.lease_until = None
            entry.due_at = now + after[entry.id]
            entry.attempts -= untried
            entry.handed_over = entry.awaits = False
        return {entry.id for entry in rows}

    def hand_over(self, lease: int, ids: Iterable[UUID], now: datetime) -> set[UUID]:
        """Mark before the provider is called."""
        rows = [entry for entry in self.held_by(lease, ids) if entry.is_held(now)]
        for entry in rows:
            entry.handed_over = True
        return {entry.id for entry in rows}

    def hold(self, lease: int, after: Mapping[UUID, timedelta], now: datetime) -> set[UUID]:
        """Keep back until an answer comes."""
        rows = self.held_by(lease, after)
        for entry in rows:
            entry.lease = entry.lease_until = None
            entry.due_at = now + after[entry.id]
            entry.handed_over, entry.awaits = False, True
        return {entry.id for entry in rows}

    def withdraw(self, one: UUID, now: datetime) -> bool:
        """Take out what waits (cancel)."""
        entry = self.entries.get(one)
        if entry is None or entry.is_held(now) or entry.awaits or entry.handed_over:
            return False
        del self.entries[one]
        return True

    def postpone(self, one: UUID, due_at: datetime, now: datetime) -> bool:
        """Another time for what waits. A lease that ran out becomes nobody's."""
        entry = self.entries.get(one)
        if entry is None or entry.is_held(now) or entry.awaits or entry.handed_over:
            return False
        entry.due_at = due_at
        if entry.lease is not None:
            self.serial += 1
            entry.lease = self.serial
        return True

    def take_answered(self, one: UUID, now: datetime) -> bool:
        """Take out what an answer was awaited for."""
        if not self._awaited(one, now):
            return False
        del self.entries[one]
        return True

    def release_answered(self, one: UUID, now: datetime) -> bool:
        """It was not taken: due at once."""
        if not self._awaited(one, now):
            return False
        entry = self.entries[one]
        entry.awaits = entry.handed_over = False
        entry.due_at = now
        return True

    def _awaited(self, one: UUID, now: datetime) -> bool:
        entry = self.entries.get(one)
        return entry is not None and (entry.awaits or entry.handed_over) and not entry.is_held(now)

    def end_leases(self, lease: int, now: datetime) -> None:
        """A worker is known to be gone: as if the time of its lease were over."""
        for entry in self.entries.values():
            if entry.lease == lease and entry.is_held(now):
                entry.lease_until = now - timedelta(milliseconds=1)

    def is_work_due(self, lane: str, now: datetime) -> bool:
        """What the scheduler rings for."""
        return any(e.lane == lane and e.due_at <= now and not e.is_held(now) for e in self.entries.values())
