"""The ledger's own rules: the transition table, the queue under contention, partitions."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection, transaction

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock, partitions
from clarion.records.ids import first_id_of, moment_of, new_id
from clarion.records.ledger import queue
from clarion.records.ledger.models import Event, Notification, QueueEntry
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import MOVES, Status
from clarion.records.ledger.transitions import move
from clarion.records.people.models import User
from tests.conftest import caller_of, make_user

STORED = [status for status in Status if status is not Status.PROCESSING]


def stored(user: User, status: Status) -> UUID:
    asked = Send(caller=caller_of(user), user_id=user.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    identifier = ingest.send(asked, clock.now()).notifications[0].id
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_notification SET status = %s WHERE id = %s", [status, identifier])
    return identifier


def test_only_moves_of_the_table_are_made(ann: User) -> None:
    pairs = [(present, to) for present in STORED for to in STORED]
    ids = {pair: stored(ann, pair[0]) for pair in pairs}
    with transaction.atomic():
        moved = move([Move(notification_id=ids[pair], to=pair[1], reason="because") for pair in pairs], clock.now())
    allowed = {ids[pair] for pair in pairs if pair[1] in MOVES[pair[0]]}
    assert moved == allowed
    for pair, identifier in ids.items():
        expected = pair[1] if identifier in allowed else pair[0]
        assert Notification.objects.get(pk=identifier).status == expected
    told = set(Event.objects.exclude(type="accepted").values_list("notification_id", flat=True))
    assert told == allowed, "an event for each move, none for what did not move"


def test_moving_nothing_asks_nothing(ground: None, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert move([], clock.now()) == set()


def test_two_claimers_never_get_the_same_entry(real_ground: None) -> None:
    user = make_user()
    asked = Send(caller=caller_of(user), user_id=user.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    ids = {ingest.send(asked, clock.now()).notifications[0].id for _ in range(60)}
    claimed: list[UUID] = []
    lock = threading.Lock()

    def claim() -> None:
        while batch := queue.claim_due("email", 7).entries:
            with lock:
                claimed.extend(entry.id for entry in batch)
        connection.close()

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 60
    assert set(claimed) == ids


def test_a_held_entry_comes_back_when_its_lease_ends_and_is_marked(ann: User) -> None:
    asked = Send(caller=caller_of(ann), user_id=ann.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    ingest.send(asked, clock.now())
    first = queue.claim_due("email", 5)
    assert [entry.abandoned for entry in first.entries] == [False]
    assert queue.claim_due("email", 5).entries == ()
    QueueEntry.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    second = queue.claim_due("email", 5)
    assert [(entry.attempts, entry.abandoned) for entry in second.entries] == [(2, True)]
    assert queue.finish(first.lease, [e.id for e in first.entries]) == set()
    assert queue.finish(second.lease, [e.id for e in second.entries]) == {e.id for e in second.entries}


def test_a_renewed_lease_is_not_taken(ann: User) -> None:
    asked = Send(caller=caller_of(ann), user_id=ann.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    ingest.send(asked, clock.now())
    batch = queue.claim_due("email", 5, lease=timedelta(seconds=2))
    queue.renew([batch.lease], timedelta(minutes=5))
    assert QueueEntry.objects.get().lease_until > clock.now() + timedelta(minutes=4)  # type: ignore[operator]
    QueueEntry.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    queue.renew([batch.lease])
    assert queue.claim_due("email", 5).entries, "a lease that ended cannot be renewed by a late keeper"


def test_lanes_ring_only_for_due_work_that_nobody_holds(ann: User) -> None:
    assert queue.lanes_due() == []
    later = clock.now() + timedelta(hours=1)
    asked = Send(caller=caller_of(ann), user_id=ann.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    later_asked = Send(
        caller=caller_of(ann), user_id=ann.id, subject="x", body="y", channels=(ChannelKey.SMS,), scheduled_at=later
    )
    ingest.send(asked, clock.now())
    ingest.send(later_asked, clock.now())
    assert queue.lanes_due() == ["email"]
    assert queue.oldest_due_seconds() >= 0
    queue.claim_due("email", 5)
    assert queue.lanes_due() == []
    assert queue.oldest_due_seconds() == 0


def test_a_claim_reads_through_the_index_and_never_sorts_the_backlog(ann: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_queue (id, lane, priority, due_at, caller_id)"
            " SELECT gen_random_uuid(), 'email', 4, now() - (n || ' ms')::interval, gen_random_uuid()"
            " FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE ledger_queue")
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT TEXT) SELECT q.id FROM ledger_queue q WHERE q.lane = 'email' AND q.priority = 4"
            " AND q.due_at <= statement_timestamp()"
            " AND (q.lease_until IS NULL OR q.lease_until < statement_timestamp())"
            " ORDER BY q.due_at LIMIT 500 FOR UPDATE SKIP LOCKED"
        )
        plan = "\n".join(found[0] for found in cursor.fetchall())
    assert "ledger_queue_due" in plan
    assert "Sort" not in plan


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 16, tzinfo=UTC),
        datetime(2026, 11, 22, 23, 59, 59, 999000, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    ],
)
def test_the_bounds_of_ids_follow_time(moment: datetime) -> None:
    low = first_id_of(moment)
    assert low.version == 7
    assert moment_of(low) == moment
    assert first_id_of(moment - timedelta(milliseconds=1)) < low
    assert partitions.week_of(moment) <= moment < partitions.week_of(moment) + timedelta(days=7)


def test_fresh_ids_fall_into_the_present_week() -> None:
    week = partitions.week_of(clock.now())
    assert first_id_of(week) <= new_id() < first_id_of(week + timedelta(days=7))


def test_retention_drops_whole_weeks_but_none_with_waiting_work(ground: None) -> None:
    past = clock.now() - timedelta(weeks=30)
    partitions.ensure(past, weeks_ahead=1)
    names = [f"ledger_notification_p{partitions.week_of(past + timedelta(weeks=n)):%Y%m%d}" for n in (0, 1)]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_queue (id, lane, priority, due_at, caller_id) VALUES (%s, 'email', 3, now(), %s)",
            [first_id_of(past), new_id()],
        )
    dropped = partitions.drop_before(clock.now() - timedelta(weeks=10))
    left = partitions.existing("ledger_notification")
    assert names[0] in left
    assert names[1] in dropped
    assert names[1] not in left


def test_ensuring_twice_changes_nothing(ground: None) -> None:
    before = partitions.existing("ledger_event")
    partitions.ensure(clock.now(), weeks_ahead=1)
    assert partitions.existing("ledger_event") == before
