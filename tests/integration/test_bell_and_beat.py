"""The doorbell and the scheduler: bells may be lost, doubled or late; work is found all the same."""

import threading
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import current_app
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import beat, bell, heartbeat
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock, partitions, volatile
from clarion.records.access import tokens
from clarion.records.access.models import RefreshToken
from clarion.records.ids import first_id_of
from clarion.records.people.models import User
from tests.conftest import caller_of, make_user


def waiting_bells(lane: str) -> int:
    return int(volatile.connection().llen(bell.queue_of(lane)))  # type: ignore[arg-type]


def redis_is_the_broker() -> bool:
    return str(current_app.conf.broker_url).startswith("redis")


@pytest.fixture
def redis_broker(ground: None) -> None:
    if not redis_is_the_broker():
        pytest.skip("looks into the queues of Redis; this run has another broker")


def test_bells_are_coalesced_until_answered(redis_broker: None) -> None:
    for _ in range(5):
        bell.ring(["email"])
    assert waiting_bells("email") == 1
    bell.answer("email")
    bell.ring(["email"])
    assert waiting_bells("email") == 2


def test_a_ring_inside_a_transaction_waits_for_the_commit(
    redis_broker: None, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        bell.ring_after_commit({"sms"})
    assert waiting_bells("sms") == 0
    callbacks[0]()
    assert waiting_bells("sms") == 1


def test_a_broker_that_is_away_harms_nobody(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise redis.ConnectionError

    monkeypatch.setattr(volatile, "connection", lambda: SimpleNamespace(set=away, delete=away))
    monkeypatch.setattr(current_app, "send_task", away)
    bell.ring(["email"])
    bell.answer("email")
    asked = Send(caller=caller_of(ann), user_id=ann.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    assert ingest.send(asked, clock.now()).notifications


def test_the_scheduler_rings_for_work_whose_bell_was_lost(ann: User, redis_broker: None) -> None:
    asked = Send(caller=caller_of(ann), user_id=ann.id, subject="x", body="y", channels=(ChannelKey.EMAIL,))
    ingest.send(asked, clock.now())
    volatile.connection().flushdb()
    beat.ring_due()
    assert waiting_bells("email") == 1
    assert waiting_bells("sms") == 0


def test_only_one_scheduler_leads(transactional_db: None) -> None:
    assert beat._leads() is True
    assert beat._leads() is True, "asking again does not pile up locks"
    others: list[bool] = []

    def other() -> None:
        others.append(beat._leads())
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert others == [False]
    connection.close()


def test_old_keys_go_and_everything_else_stays_until_told(ground: None, settings: Any) -> None:
    past = clock.now() - timedelta(weeks=20)
    partitions.ensure(past, weeks_ahead=1)
    old = f"{partitions.week_of(past):%Y%m%d}"
    beat.drop_old()
    assert f"ledger_idempotency_p{old}" not in partitions.existing("ledger_idempotency")
    assert f"ledger_event_p{old}" in partitions.existing("ledger_event")
    settings.RETENTION_DAYS = 30
    beat.drop_old()
    assert f"ledger_event_p{old}" not in partitions.existing("ledger_event")
    week = f"{partitions.week_of(clock.now()):%Y%m%d}"
    assert f"ledger_event_p{week}" in partitions.existing("ledger_event")


def test_expired_refresh_tokens_are_forgotten(ground: None) -> None:
    user = make_user()
    tokens.issue(user, clock.now())
    tokens.issue(user, clock.now() - timedelta(days=60))
    assert tokens.forget_expired(clock.now()) == 1
    assert RefreshToken.objects.count() == 1


def test_a_turn_survives_a_lost_database(ground: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def lost() -> bool:
        raise OperationalError

    ran: list[int] = []
    monkeypatch.setattr(beat, "_leads", lost)
    monkeypatch.setattr(beat.connection, "close", lambda: None)
    beat._turn([beat.Tick("x", 1, lambda: ran.append(1))])
    assert ran == []


def test_heartbeats_are_seen_until_they_are_stale(ground: None, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = heartbeat.keep_beating("worker", ["email", "sms"])
    for _ in range(50):
        if heartbeat.seen("worker"):
            break
        threading.Event().wait(0.05)
    stop.set()
    ((name, lanes),) = heartbeat.seen("worker").items()
    assert name
    assert lanes == {"email", "sms"}
    assert heartbeat.seen("beat") == {}
    monkeypatch.setattr(heartbeat, "STALE_SECONDS", -60.0)
    assert heartbeat.seen("worker") == {}


def test_ids_of_the_past_find_their_partition(ground: None) -> None:
    past = clock.now() - timedelta(days=7)
    assert partitions.week_of(past) <= past
    assert first_id_of(partitions.week_of(past)) <= first_id_of(past)
