"""What a worker that is gone held is taken up soon; what one that is there holds is left alone. Real PostgreSQL."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.outcome import Sent
from clarion.flows.delivery import flow
from clarion.flows.delivery.leases import Keeper, keeper
from clarion.flows.delivery.presence import GONE_SECONDS, Presence, Roll
from clarion.flows.delivery.stopping import stopping
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger import presence as locks
from clarion.records.ledger import queue
from clarion.records.ledger.models import Attempt, QueueEntry
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import caller_of, make_user

MARK = 77
LANE = "email"


@pytest.fixture
def other() -> Iterator[psycopg.Connection[Any]]:
    """A session of its own, as another process has one."""
    settings = connection.get_connection_params()
    known = {name: settings[name] for name in ("dbname", "user", "host", "port", "password") if settings.get(name)}
    with psycopg.connect(autocommit=True, **known) as session:
        yield session


def queued(number: int) -> None:
    user = make_user()
    for _ in range(number):
        asked = Send(
            caller=caller_of(user, Permission.STAFF),
            user_id=user.id,
            subject="Hello",
            body="A body",
            channels=(ChannelKey.EMAIL,),
            category="general",
        )
        ingest.send(asked, clock.now())


def hold(session: psycopg.Connection[Any], mark: int) -> None:
    session.execute("SELECT pg_advisory_lock(%s, %s)", [locks.LOCKS, mark])


def soon(happened: Callable[[], bool]) -> bool:
    until = monotonic() + 8
    while not happened() and monotonic() < until:
        sleep(0.05)
    return happened()


@pytest.fixture
def roll() -> Roll:
    return Roll()


def test_a_lease_names_the_mark_of_the_worker_that_took_it(ground: None) -> None:
    queued(1)
    batch = queue.claim_due(LANE, 10, mark=MARK)
    assert locks.mark_of(batch.lease) == MARK
    assert locks.leaseholders() == {MARK}
    assert locks.mark_of(queue.claim_due(LANE, 10).lease) == locks.UNMARKED


def test_what_a_worker_held_that_is_gone_is_free_before_its_lease_runs_out(
    real_ground: None, other: psycopg.Connection[Any], roll: Roll
) -> None:
    queued(3)
    hold(other, MARK)
    queue.claim_due(LANE, 10, mark=MARK)
    assert roll.call(100.0) == 0
    other.execute("SELECT pg_advisory_unlock_all()")
    assert roll.call(101.0) == 0
    assert roll.call(101.0 + GONE_SECONDS - 0.1) == 0
    assert queue.claim_due(LANE, 10).entries == ()
    assert roll.call(101.0 + GONE_SECONDS) == 3
    again = queue.claim_due(LANE, 10)
    assert [entry.abandoned for entry in again.entries] == [True] * 3


def test_a_worker_that_is_there_keeps_its_leases_however_slow_it_is(
    real_ground: None, other: psycopg.Connection[Any], roll: Roll
) -> None:
    queued(1)
    hold(other, MARK)
    queue.claim_due(LANE, 10, mark=MARK)
    assert [roll.call(at) for at in (0.0, 10.0, 1000.0)] == [0, 0, 0]
    assert queue.claim_due(LANE, 10).entries == ()


def test_a_worker_that_only_lost_its_connection_keeps_its_leases(
    real_ground: None, other: psycopg.Connection[Any], roll: Roll
) -> None:
    queued(1)
    hold(other, MARK)
    queue.claim_due(LANE, 10, mark=MARK)
    roll.call(0.0)
    other.execute("SELECT pg_advisory_unlock_all()")
    roll.call(1.0)
    hold(other, MARK)
    roll.call(3.0)
    other.execute("SELECT pg_advisory_unlock_all()")
    assert roll.call(1.0 + GONE_SECONDS) == 0


def test_a_new_leader_finds_workers_that_died_before_it_came(real_ground: None, roll: Roll) -> None:
    queued(2)
    queue.claim_due(LANE, 10, mark=MARK)
    assert roll.call(0.0) == 0
    assert roll.call(GONE_SECONDS) == 2


def test_unmarked_leases_are_left_to_run_out(real_ground: None, roll: Roll) -> None:
    queued(1)
    queue.claim_due(LANE, 10)
    assert [roll.call(at) for at in (0.0, 10.0, 1000.0)] == [0, 0, 0]
    assert queue.claim_due(LANE, 10).entries == ()


def test_time_in_which_the_database_was_away_does_not_count_against_a_worker(real_ground: None, roll: Roll) -> None:
    queued(1)
    queue.claim_due(LANE, 10, mark=MARK)
    roll.call(0.0)
    roll.forget()
    assert roll.call(100.0) == 0
    assert roll.call(100.0 + GONE_SECONDS) == 1


def test_a_presence_holds_its_mark_and_those_in_hand_and_drops_the_rest(real_ground: None) -> None:
    presence = Presence()
    in_hand: list[int] = []
    presence._in_hand = lambda: in_hand
    assert presence.mark == locks.UNMARKED
    presence.renew()
    first = presence.mark
    presence._keep()
    assert locks.present() == {first}
    in_hand.append(first << locks.SERIAL_BITS | 5)
    presence.renew()
    assert presence.mark != first
    presence._keep()
    assert locks.present() == {first, presence.mark}
    in_hand.clear()
    presence._keep()
    assert locks.present() == {presence.mark}
    locks.keep(())


def test_a_presence_comes_back_by_itself_when_its_session_was_cut(
    real_ground: None, other: psycopg.Connection[Any]
) -> None:
    presence = Presence()
    presence.start(list)
    try:
        first = presence.mark
        assert soon(lambda: locks.present() == {first})
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s", [locks.LOCKS]
        )
        assert soon(lambda: locks.present() == {presence.mark} and presence.mark != first)
        assert presence.vouches_for(presence.mark << locks.SERIAL_BITS | 1)
    finally:
        presence.stop()
    assert soon(lambda: locks.present() == set())


def test_nothing_is_vouched_for_whose_lock_cannot_be_had_again(
    real_ground: None, other: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    presence = Presence()
    lease = MARK << locks.SERIAL_BITS | 1
    presence._in_hand = lambda: [lease]
    hold(other, MARK)
    presence.renew()
    monkeypatch.setattr("clarion.flows.delivery.presence.monotonic", lambda: 50.0)
    presence._keep()
    assert presence.vouches_for(lease)
    monkeypatch.setattr("clarion.flows.delivery.presence.monotonic", lambda: 52.1)
    assert not presence.vouches_for(lease)
    assert presence.vouches_for(7), "an unmarked lease is nobody's business here"
    locks.keep(())


def test_a_worker_asked_to_stop_gives_back_what_it_has_not_begun(carried_by: Callable[..., None], ground: None) -> None:
    def script(message: Message) -> Sent:
        stopping.set()
        return Sent()

    provider = ScriptedProvider(name="slow", script=script, max_batch=2)
    carried_by(ChannelKey.EMAIL, provider)
    queued(5)
    batch = queue.claim_due(LANE, 10)
    try:
        assert flow.deliver(batch, flow._slots[LANE][0].carriers) == 2
    finally:
        stopping.clear()
    assert QueueEntry.objects.count() == 3
    again = queue.claim_due(LANE, 10)
    assert [(entry.attempts, entry.abandoned) for entry in again.entries] == [(1, False)] * 3
    assert Attempt.objects.count() == 2


def test_a_worker_that_slept_past_its_lease_hands_nothing_more_over(
    carried_by: Callable[..., None], ground: None
) -> None:
    provider = ScriptedProvider(name="late")
    carried_by(ChannelKey.EMAIL, provider)
    queued(2)
    batch = queue.claim_due(LANE, 10)
    QueueEntry.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    taken_up = queue.claim_due(LANE, 10)
    late = queue.Batch(lease=batch.lease, entries=batch.entries, asked_at=(batch.asked_at or 0) - 31)
    assert flow.deliver(late, flow._slots[LANE][0].carriers) == 0
    assert provider.given == []
    assert set(QueueEntry.objects.values_list("lease", flat=True)) == {taken_up.lease}


def test_a_renewed_lease_lasts_from_when_it_was_renewed_and_one_that_ran_out_is_not(real_ground: None) -> None:
    queued(1)
    own = Keeper()
    batch = queue.claim_due(LANE, 10)
    with own.holding(batch.lease, (batch.asked_at or 0) - 29.9):
        own._renew([batch.lease])
        assert own._ends[batch.lease] > (batch.asked_at or 0) + 29
    QueueEntry.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    with own.holding(batch.lease, (batch.asked_at or 0) - 31):
        own._renew([batch.lease])
        assert not own.may_begin(batch.lease)
    assert not keeper.may_begin(batch.lease), "nobody holds it"
