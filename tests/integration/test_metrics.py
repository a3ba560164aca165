"""`GET /metrics`: the figures follow the ledger, Prometheus' own parser reads them, and not everybody may."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import redis
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Rejected
from clarion.contract.reasons import Reason
from clarion.records import clock
from clarion.records.accounts.models import Account
from clarion.records.categories.models import Category
from clarion.records.feedback import callbacks
from clarion.records.ids import new_id
from clarion.records.ledger.models import QueueEntry
from clarion.records.pacing.breaker import News
from clarion.records.pacing.breakers import Breakers, breakers
from clarion.records.pacing.reach import Reach
from clarion.records.reputation import guard, tallies
from clarion.records.reputation.rules import Counts, Thresholds
from clarion.records.sms_safety import spend
from clarion.records.sms_safety.policy import Cap, parse_prices
from clarion.records.suppression.models import Entry
from clarion.surfaces.metrics import snapshot
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api
from tests.integration.conftest import Carry

Drain = Callable[[], int]
Labels = frozenset[tuple[str, str]]
Values = dict[tuple[str, Labels], float]
HERE = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    _forget()
    yield
    _forget()


def _forget() -> None:
    snapshot.current.clear()
    snapshot.suppressed.clear()


@pytest.fixture
def open_here(settings: Any) -> None:
    settings.METRICS_ENABLED = settings.METRICS_OPEN = True


@pytest.fixture
def closed(settings: Any) -> None:
    settings.METRICS_ENABLED, settings.METRICS_OPEN = True, False


def _get(authorization: str = "", **extra: str) -> Any:
    headers = {"Authorization": authorization} if authorization else {}
    return Client(raise_request_exception=False).get("/metrics", headers=headers, **{**HERE, **extra})


def _scrape() -> Values:
    """All samples of a fresh reading, as Prometheus' parser has them."""
    _forget()
    answer = _get()
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: Values = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        assert (family.type, bool(family.documentation)) == ("gauge", True), family.name
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


def _at(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def _send(user: Api, **more: Any) -> None:
    body = {"subject": "Hello", "body": "Text", "channel": "email", "category": "orders", **more}
    assert user.post("notifications/send", body).status_code == 201


def test_what_is_queued_due_and_dead_is_shown_as_it_changes(
    open_here: None, carried_by: Carry, as_ann: Api, drain: Drain
) -> None:
    scripted = ScriptedProvider(name="first")
    scripted.script = lambda message: Rejected(why=Reason.INVALID_ADDRESS)
    carried_by(ChannelKey.EMAIL, scripted)
    before = _scrape()
    priorities = ("critical", "high", "medium", "low")
    assert [_at(before, "notification_queue_size", priority=each) for each in priorities] == [0, 0, 0, 0]
    assert [_at(before, "notification_oldest_due_seconds", priority=each) for each in priorities] == [0, 0, 0, 0]
    assert {key[1]: value for key, value in before.items() if key[0] == "dead_letters"} == {
        frozenset({("channel", str(channel))}): 0 for channel in ChannelKey
    }

    _send(as_ann, priority="high")
    _send(as_ann, priority="low", scheduled_at=(clock.now() + timedelta(hours=1)).isoformat())
    QueueEntry.objects.filter(priority=2).update(due_at=clock.now() - timedelta(seconds=90))
    waiting = _scrape()
    assert [_at(waiting, "notification_queue_size", priority=each) for each in priorities] == [0, 1, 0, 1]
    assert 90 <= _at(waiting, "notification_oldest_due_seconds", priority="high") < 120
    assert _at(waiting, "notification_oldest_due_seconds", priority="low") == 0, "it is not due"

    drain()
    after = _scrape()
    assert [_at(after, "notification_queue_size", priority=each) for each in priorities] == [0, 0, 0, 1]
    assert _at(after, "notification_oldest_due_seconds", priority="high") == 0
    assert _at(after, "dead_letters", channel="email") == 1
    assert _at(after, "dead_letters", channel="sms") == 0


def test_what_a_worker_holds_is_queued_and_waits_for_nobody(open_here: None, ground: None) -> None:
    now = clock.now()
    for lease_until in (now + timedelta(minutes=1), None):
        QueueEntry.objects.create(
            id=new_id(),
            lane="email",
            priority=1,
            due_at=now - timedelta(minutes=10 if lease_until else 5),
            caller_id=uuid4(),
            lease=7 if lease_until else None,
            lease_until=lease_until,
        )

    found = _scrape()

    assert _at(found, "notification_queue_size", priority="critical") == 2
    assert 300 <= _at(found, "notification_oldest_due_seconds", priority="critical") < 330


def test_breakers_and_held_up_accounts_are_shown(open_here: None, carried_by: Carry, redis_db: Any) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider(name="first"), ScriptedProvider(name="second"))
    breakers.report("email.first", News(bad=5))
    Account.objects.filter(channel="email", name="first").update(paused=True)
    Account.objects.filter(channel="email", name="second").update(fault="wrong password", fault_at=clock.now())

    found = _scrape()

    by_name = {
        name: [_at(found, name, provider=f"email.{each}") for each in ("first", "second")]
        for name in ("provider_circuit_state", "provider_paused", "provider_faulty")
    }
    assert by_name == {
        "provider_circuit_state": [2, 0],
        "provider_paused": [1, 0],
        "provider_faulty": [0, 1],
    }
    breakers.reset("email.first")
    assert _at(_scrape(), "provider_circuit_state", provider="email.first") == 0


def test_without_redis_the_circuits_are_absent_and_the_rest_is_there(
    open_here: None, ground: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Retry(NoBackoff(), 0)
    nowhere = Reach(lambda: redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2, retry=once))
    with_redis = _scrape()
    monkeypatch.setattr(snapshot, "breakers", Breakers(nowhere))

    without = _scrape()

    assert {name for name, _ in with_redis} - {name for name, _ in without} == {"provider_circuit_state"}
    assert _at(without, "dead_letters", channel="email") == 0


def test_the_reputation_of_accounts_and_categories_is_shown(open_here: None, carried_by: Carry, settings: Any) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider(name="first"))
    marketing, orders = (Category.objects.get(key=key).id for key in ("marketing", "orders"))
    settings.REPUTATION = Thresholds(minimum=10)
    tallies.add(
        {
            ("email.first", marketing): Counts(sent=100, bounced=20, complained=1),
            ("email.first", orders): Counts(sent=100, bounced=1),
            ("email.gone", orders): Counts(sent=100, bounced=50),
        },
        clock.now(),
    )
    guard.evaluate(settings.REPUTATION, clock.now())

    found = _scrape()

    names = ("reputation_state", "reputation_sent", "reputation_bounce_ratio", "reputation_complaint_ratio")
    assert {
        category: tuple(_at(found, name, provider="email.first", category=category) for name in names)
        for category in ("marketing", "orders", "")
    } == {"marketing": (2, 100, 0.2, 0.01), "orders": (0, 100, 0.01, 0.0), "": (0, 100, 0.01, 0.0)}
    assert not any(("provider", "email.gone") in labels for _, labels in found), "it is not there any more"

    settings.REPUTATION = None
    assert not any(name.startswith("reputation_") for name, _ in _scrape()), "nobody counts, so nothing is known"


def test_callbacks_that_wait_or_could_not_be_read_are_counted(open_here: None, ground: None) -> None:
    from clarion.contract.feedback import Callback

    row = Account.objects.first()
    assert row is not None
    came = Callback(url="https://a.example/x", headers={}, body=b"{}", received_at=clock.now(), method="POST")
    first, _ = (callbacks.store(row.id, came) for _ in range(2))
    callbacks.settle([callbacks.Read(id=first, error="no JSON")], clock.now())

    found = _scrape()

    names = ("callbacks_waiting", "callbacks_unread", "callback_reports_waiting")
    assert [_at(found, name) for name in names] == [1, 1, 0]


def _listed(reason: Reason, **more: Any) -> None:
    row = Entry(channel="email", kind="email", address_hash=uuid4().bytes, reason=reason, since=clock.now(), **more)
    row.address = "somebody@example.com"
    row.save()


def test_the_suppression_list_is_counted_as_it_stands(open_here: None, ground: None) -> None:
    now = clock.now()
    _listed(Reason.HARD_BOUNCED)
    _listed(Reason.HARD_BOUNCED)
    _listed(Reason.SOFT_BOUNCED, expires_at=now + timedelta(days=1))
    _listed(Reason.SOFT_BOUNCED, expires_at=now - timedelta(days=1))
    _listed(Reason.COMPLAINED, lifted_at=now)

    found = _scrape()

    assert {dict(labels)["reason"]: value for (name, labels), value in found.items() if name.startswith("supp")} == {
        "hard_bounced": 2,
        "soft_bounced": 1,
    }
    assert b"somebody" not in _get().content


def test_the_days_text_messages_stand_beside_their_caps(open_here: None, ground: None, settings: Any) -> None:
    prices = parse_prices("USD *=0.02")
    settings.SMS_POLICY = replace(settings.SMS_POLICY, prices=prices, cap=Cap(segments=500, cost_micro=12_500_000))
    spend.reserve(
        clock.now().date(), [spend.Item(country="TZ", segments=3, cost_micro=60_000)], settings.SMS_POLICY.cap
    )

    found = _scrape()

    assert [_at(found, f"sms_{name}") for name in ("messages_today", "segments_today", "segments_cap")] == [1, 3, 500]
    assert [_at(found, f"sms_{name}", currency="USD") for name in ("cost_today", "cost_cap")] == [0.06, 12.5]


def test_a_cap_that_is_not_set_is_not_shown(open_here: None, ground: None) -> None:
    names = {name for name, _ in _scrape()}

    assert {name for name in names if name.startswith("sms_")} == {"sms_messages_today", "sms_segments_today"}


def test_scrapes_in_a_row_read_the_records_once(open_here: None, as_ann: Api) -> None:
    _send(as_ann)
    first = _get().content
    _send(as_ann)
    with CaptureQueriesContext(connection) as asked:
        others = {_get().content for _ in range(20)}

    assert (others, len(asked)) == ({first}, 0)
    assert _at(_scrape(), "notification_queue_size", priority="medium") == 2


def test_slow_statements_are_asked_less_often_but_not_for_ever() -> None:
    rest = snapshot._rest(2.0)
    assert [rest(snapshot.Timed(value=None, seconds=took)) for took in (0.01, 0.1, 0.5, 30.0)] == [2.0, 2.0, 10.0, 20.0]
