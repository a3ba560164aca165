"""The ledger on PostgreSQL against its model: whatever order of operations hypothesis thinks of, the tables say what
the model says that the simulator runs on. `MACHINE_EXAMPLES=2000` looks longer."""

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from clarion.contract.channel import ChannelKey
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.ledger import awaiting, queue, store, transitions
from clarion.records.ledger.models import DeadLetter, Event, Notification, QueueEntry
from clarion.records.ledger.queue import MOST_CALLERS, PRIORITIES
from clarion.records.ledger.rows import DecisionRow, Move, NewNotification, NewRequest
from clarion.records.ledger.status import MOVES, WAITING, Status
from clarion.surfaces.cli.chaos.simulation.picking import pick
from clarion.surfaces.cli.chaos.simulation.queue_model import Entry, QueueModel

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "15"))
CALLERS = sorted(new_id() for _ in range(3))
HOUR = timedelta(hours=1)
LANE = "email"
NOTHING = timedelta(0)
WHICH = st.integers(0, 20)
BOUNDED = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


class LedgerMachine(RuleBasedStateMachine):
    """The rules are what the flows do, one transaction each; each example is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self._example = transaction.atomic()
        self._example.__enter__()
        self.queue = QueueModel(serial=-1_000_000)  # what the model numbers by itself is below all real leases
        self.states: dict[UUID, Status] = {}
        self.events: dict[UUID, int] = {}
        self.dead: set[UUID] = set()
        self.facts: dict[UUID, tuple[int, UUID]] = {}
        self.leases: list[int] = []
        self.first_due = clock.now() - timedelta(minutes=10)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._example.__exit__(None, None, None)

    # -- what a rule picks from ----------------------------------------------------------------------------------------

    def one(self, which: int) -> UUID:
        ids = list(self.states)
        return ids[which % len(ids)]

    def lease(self, which: int) -> int:
        return self.leases[which % len(self.leases)]

    def queued(self, which: int) -> UUID:
        """An entry of the queue, where there is one."""
        ids = list(self.queue.entries) or list(self.states)
        return ids[which % len(ids)]

    def lease_for(self, one: UUID, which: int) -> int:
        """Mostly the lease that holds it; else one that did, or holds others."""
        entry = self.queue.entries.get(one)
        right = entry.lease if entry is not None and which % 4 else None
        return right if right in self.leases else self.lease(which)

    def moved(self, one: UUID, to: Status) -> None:
        """The model's move."""
        if to in MOVES[self.states[one]]:
            self.states[one] = to
            self.events[one] += 1
            if to is Status.FAILED:
                self.dead.add(one)

    def move(self, one: UUID, to: Status) -> None:
        transitions.move([Move(notification_id=one, to=to, reason="because")], clock.now())
        self.moved(one, to)

    # -- rules ---------------------------------------------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        for number, caller in enumerate(CALLERS):
            self.accept(priority=number + 1, caller=caller, later=False)

    @rule(priority=st.sampled_from(PRIORITIES), caller=st.sampled_from(CALLERS), later=st.booleans())
    def accept(self, priority: int, caller: UUID, later: bool) -> None:
        now = clock.now()
        due = now + HOUR if later else self.first_due + timedelta(seconds=len(self.states))
        one = new_id()
        request = NewRequest(id=new_id(), caller_kind="user", caller_id=caller, payload=b"{}", created_at=now)
        status = Status.SCHEDULED if later else Status.PENDING
        row = NewNotification(
            id=one,
            user_id=caller,
            channel=ChannelKey.EMAIL,
            category_id=1,
            template_id=None,
            version_id=None,
            priority=priority,
            status=status,
            due_at=due,
        )
        came = DecisionRow(notification_id=one, at=now, stage="ingest", rule="test", outcome="allow")
        store.accept(request, [row], [came])
        self.queue.add(Entry(id=one, lane=LANE, priority=priority, caller=caller, due_at=due))
        self.states[one], self.events[one], self.facts[one] = status, 1, (priority, caller)

    @rule(limit=st.integers(1, 5), reverse=st.booleans())
    def claim(self, limit: int, reverse: bool) -> None:
        priorities = PRIORITIES[::-1] if reverse else PRIORITIES
        now = clock.now()
        batch = queue.claim_due(LANE, limit, priorities=priorities)
        allowed = [picks(self.queue, limit, priorities, now, start) for start in CALLERS]
        assert {entry.id for entry in batch.entries} in [set(each) for each in allowed]
        claimed = [self.queue.hold_for(self.queue.entries[e.id], batch.lease, now) for e in batch.entries]
        for real, model in zip(batch.entries, claimed, strict=True):
            assert (real.attempts, real.earlier, real.abandoned) == (model.attempts, model.earlier, model.abandoned)
            assert (real.handed_over, real.awaits, real.priority) == (model.handed_over, model.awaits, model.priority)
        if batch.entries:
            self.leases.append(batch.lease)

    @precondition(lambda self: self.leases)
    @rule(which=WHICH, lease=WHICH, to=st.sampled_from((Status.SENT, Status.DELIVERED, Status.FAILED, Status.EXPIRED)))
    def settle(self, which: int, lease: int, to: Status) -> None:
        """Under a lease that may be the right one, a stale one, or one of other entries."""
        one = self.queued(which)
        held = self.lease_for(one, lease)
        with transaction.atomic():
            done = queue.finish(held, [one])
            assert done == self.queue.finish(held, [one])
            if done:
                self.move(one, to)

    @precondition(lambda self: self.leases)
    @rule(which=WHICH, lease=WHICH, later=st.booleans(), untried=st.booleans())
    def give_back(self, which: int, lease: int, later: bool, untried: bool) -> None:
        one, span = self.queued(which), HOUR if later else NOTHING
        held = self.lease_for(one, lease)
        done = queue.give_back(held, [(one, span)], untried=untried)
        assert done == self.queue.give_back(held, {one: span}, clock.now(), untried=untried)

    @precondition(lambda self: self.leases)
    @rule(which=WHICH, lease=WHICH, keep=st.booleans())
    def hand_over_or_hold(self, which: int, lease: int, keep: bool) -> None:
        one, now = self.queued(which), clock.now()
        held = self.lease_for(one, lease)
        if keep:
            assert awaiting.hold(held, [(one, HOUR)]) == self.queue.hold(held, {one: HOUR}, now)
        else:
            assert awaiting.hand_over(held, [one]) == self.queue.hand_over(held, [one], now)

    @precondition(lambda self: self.leases)
    @rule(lease=WHICH)
    def renew(self, lease: int) -> None:
        held = self.lease(lease)
        assert queue.renew([held]) == ({held} if self.queue.renew(held, clock.now()) else set())

    @precondition(lambda self: self.leases)
    @rule(lease=WHICH)
    def run_out(self, lease: int) -> None:
        """The time of a lease goes by."""
        held, past = self.lease(lease), clock.now() - timedelta(seconds=1)
        QueueEntry.objects.filter(lease=held).update(lease_until=past)
        for entry in self.queue.held_by(held, list(self.queue.entries)):
            entry.lease_until = past

    @rule()
    def fall_due(self) -> None:
        """An hour goes by for what was not due."""
        now = clock.now()
        ahead = sorted((e for e in self.queue.entries.values() if e.due_at > now), key=lambda e: e.due_at)
        for place, entry in enumerate(ahead):
            entry.due_at = now - timedelta(seconds=1) + timedelta(milliseconds=place)
            QueueEntry.objects.filter(pk=entry.id).update(due_at=entry.due_at)

    @precondition(lambda self: self.states)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        one = self.one(which)
        if self.states[one] not in WAITING:
            return
        done = queue.withdraw(one)
        assert done == self.queue.withdraw(one, clock.now())
        if done:
            self.move(one, Status.CANCELLED)

    @precondition(lambda self: self.states)
    @rule(which=WHICH, later=st.booleans())
    def reschedule(self, which: int, later: bool) -> None:
        one, now = self.one(which), clock.now()
        if self.states[one] not in WAITING:
            return
        at = now + (HOUR if later else timedelta(seconds=-1))
        done = queue.postpone(one, at)
        assert done == self.queue.postpone(one, at, now)
        if done:
            assert transitions.reschedule(one, at, now)
            self.moved(one, Status.SCHEDULED)

    @precondition(lambda self: self.states)
    @rule(which=WHICH, discard=st.booleans())
    def replay_or_discard(self, which: int, discard: bool) -> None:
        one, now = self.one(which), clock.now()
        taken = transitions.take_dead_letters([one])
        assert taken == {one} & self.dead
        self.dead.discard(one)
        if not taken or discard:
            return
        self.move(one, Status.PENDING)
        priority, caller = self.facts[one]
        queue.put_back(one, LANE, priority, caller, now, 3)
        self.queue.add(
            Entry(
                id=one,
                lane=LANE,
                priority=priority,
                caller=caller,
                due_at=now,
                attempts=3,
                replayed_after=3,
                replayed_at=now,
            )
        )

    @precondition(lambda self: self.states)
    @rule(which=WHICH, to=st.sampled_from((Status.DELIVERED, Status.READ, Status.FAILED, Status.SENT)))
    def receipt(self, which: int, to: Status) -> None:
        """A provider's word, late, doubled or out of order: about what has left the queue."""
        one = self.one(which)
        if one not in self.queue.entries:
            if self.states[one] is Status.FAILED and to is Status.DELIVERED:
                transitions.take_dead_letters([one])
                self.dead.discard(one)
            self.move(one, to)

    @precondition(lambda self: self.states)
    @rule(which=WHICH, taken=st.booleans())
    def answer(self, which: int, taken: bool) -> None:
        """What was in doubt was taken, or was not."""
        one, now = self.queued(which), clock.now()
        if taken:
            done = awaiting.take(one)
            assert done == self.queue.take_answered(one, now)
            if done:
                self.move(one, Status.DELIVERED)
        else:
            assert (awaiting.release(one) != "") == self.queue.release_answered(one, now)

    # -- what must hold ------------------------------------------------------------------------------------------------

    @invariant()
    def the_queue_is_as_the_model_says(self) -> None:
        now = clock.now()
        found = {row.id: as_shown(row, row.caller_id, now, self.leases) for row in QueueEntry.objects.all()}
        assert found == {e.id: as_shown(e, e.caller, now, self.leases) for e in self.queue.entries.values()}

    @invariant()
    def the_states_and_their_events_are(self) -> None:
        assert dict(Notification.objects.values_list("id", "status")) == self.states
        assert set(DeadLetter.objects.values_list("id", flat=True)) == self.dead
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT notification_id, count(*) FROM {Event._meta.db_table} GROUP BY 1")
            assert dict(cursor.fetchall()) == self.events

    @invariant()
    def what_waits_is_queued_and_nothing_else(self) -> None:
        assert {one for one, state in self.states.items() if state in WAITING} == set(self.queue.entries)


def as_shown(row: Any, caller: UUID, now: datetime, leases: list[int]) -> tuple[Any, ...]:
    """A row without the moments by which the two clocks differ. A lease that is nobody's has no number."""
    holder = row.lease if row.lease in leases else row.lease is not None
    held = row.lease_until is not None and row.lease_until >= now
    due = round((row.due_at - now).total_seconds() / 10)
    marks = (row.handed_over, row.awaits, row.replayed_after, row.replayed_at is not None)
    return row.lane, row.priority, caller, row.attempts, holder, held, due, *marks


def picks(model: QueueModel, limit: int, priorities: tuple[int, ...], now: datetime, start: UUID) -> list[UUID]:
    found = pick(
        model.entries.values(),
        lane=LANE,
        limit=limit,
        priorities=priorities,
        now=now,
        age=NOTHING,
        start=start,
        most_callers=MOST_CALLERS,
    )
    return [entry.id for entry in found]


def test_the_ledger_does_what_its_model_does(ground: None) -> None:
    run_state_machine_as_test(LedgerMachine, settings=BOUNDED)


waiting = st.lists(
    st.tuples(st.sampled_from(CALLERS), st.sampled_from(PRIORITIES), st.booleans(), st.sampled_from(("email", "sms"))),
    max_size=20,
)


@pytest.mark.parametrize("priorities", [PRIORITIES, PRIORITIES[::-1], (1, 2)])
def test_a_claim_brings_what_the_pure_pick_says(ground: None, priorities: tuple[int, ...]) -> None:
    @BOUNDED
    @given(rows=waiting, limit=st.integers(1, 9))
    def compare(rows: list[tuple[UUID, int, bool, str]], limit: int) -> None:
        rolled_back(lambda: _compare(rows, limit, priorities))

    compare()


def _compare(rows: list[tuple[UUID, int, bool, str]], limit: int, priorities: tuple[int, ...]) -> None:
    now = clock.now()
    model = QueueModel()
    for place, (caller, priority, is_due, lane) in enumerate(rows):
        due = now - timedelta(seconds=60 - place) if is_due else now + HOUR
        one = new_id()
        model.add(Entry(id=one, lane=lane, priority=priority, caller=caller, due_at=due))
        QueueEntry.objects.create(id=one, lane=lane, priority=priority, caller_id=caller, due_at=due)
    batch = queue.claim_due(LANE, limit, priorities=priorities)
    allowed = [picks(model, limit, priorities, now, start) for start in CALLERS]
    assert {entry.id for entry in batch.entries} in [set(each) for each in allowed]


def rolled_back(act: Callable[[], None]) -> None:
    with transaction.atomic():
        act()
        transaction.set_rollback(True)
