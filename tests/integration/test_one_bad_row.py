"""One value that cannot be opened, one bug: the piece at fault ends, its neighbours and the workers go on."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import flow, prepare, settle
from clarion.flows.delivery.stopping import stopping
from clarion.flows.ingest import audience
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock, partitions
from clarion.records.access.permissions import Permission
from clarion.records.accounts.models import Account
from clarion.records.ids import first_id_of
from clarion.records.inbox import changing, reading
from clarion.records.inbox.changing import Change
from clarion.records.inbox.store import InboxStore
from clarion.records.ledger.models import Job, Notification, QueueEntry, Request
from clarion.records.people.models import Device, User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, caller_of, make_user
from tests.integration.test_inbox import message

Drain = Callable[[], int]


def send(user: User, channel: ChannelKey) -> Any:
    asked = Send(
        caller=caller_of(user, Permission.STAFF), user_id=user.id, subject="Hi", body="There", channels=(channel,)
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def status(identifier: Any) -> tuple[str, str]:
    row = Notification.objects.get(pk=identifier)
    return row.status, row.reason


def test_an_address_that_cannot_be_opened_fails_alone(ground: None, carried_by: Any, drain: Drain) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider())
    people = [make_user(email=f"p{n}@example.com") for n in range(5)]
    ids = [send(person, ChannelKey.EMAIL) for person in people]
    User.objects.filter(pk=people[2].pk).update(email_sealed=people[0].email_sealed)
    drain()
    assert [status(i) for i in ids] == [
        ("sent", ""),
        ("sent", ""),
        ("failed", "undecryptable"),
        ("sent", ""),
        ("sent", ""),
    ]
    assert not QueueEntry.objects.exists()


def test_a_token_that_cannot_be_opened_fails_alone(ground: None, carried_by: Any, drain: Drain) -> None:
    carried_by(ChannelKey.PUSH, ScriptedProvider())
    one, two = make_user(), make_user()
    ids = [send(one, ChannelKey.PUSH), send(two, ChannelKey.PUSH)]
    Device.objects.filter(user=one).update(token_sealed=b"\x01 no such thing at all, but long enough")
    drain()
    assert [status(i) for i in ids] == [("failed", "undecryptable"), ("sent", "")]


def test_a_bug_in_a_step_costs_one_notification(
    ground: None, carried_by: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider())
    people = [make_user(email=f"p{n}@example.com") for n in range(4)]
    ids = [send(person, ChannelKey.EMAIL) for person in people]
    real = prepare.render

    def broken(batch: Any, now: Any) -> Any:
        if any(work.user_id == people[1].id for work in batch):
            raise ZeroDivisionError
        return real(batch, now)

    monkeypatch.setattr(prepare, "render", broken)
    drain()
    assert [status(i)[0] for i in ids] == ["sent", "failed", "sent", "sent"]
    assert status(ids[1])[1] == "internal_error"


def test_an_account_that_cannot_be_opened_leaves_the_others_at_work(ann: User, carried_by: Any, drain: Drain) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider(name="first"), ScriptedProvider(name="second"))
    Account.objects.filter(name="first").update(url_sealed=b"\x01 no such thing at all, but long enough")
    one = send(ann, ChannelKey.EMAIL)
    drain()
    assert Notification.objects.get(pk=one).account == "second"
    assert "cannot be opened" in Account.objects.get(name="first").fault


def test_a_job_whose_plan_cannot_be_opened_fails_and_the_next_goes_on(as_service: Api) -> None:
    make_user(email="p@example.com", locale="sw")
    body = {"subject": "x", "body": "y", "channel": "email", "user_filters": {"locale": "sw"}}
    first, second = (as_service.post("notifications/bulk", body).json()["job_id"] for _ in range(2))
    Job.objects.filter(pk=first).update(plan_sealed=b"\x01 no such thing at all, but long enough")
    audience.take_in_all()
    assert Job.objects.get(pk=first).state == "failed"
    assert Job.objects.get(pk=second).state == "accepted"


def test_lists_show_the_rest(as_service: Api, ann: User, drain: Drain) -> None:
    identifier = send(ann, ChannelKey.IN_APP)
    drain()
    Request.objects.update(payload_sealed=b"\x01 no such thing at all, but long enough")
    assert as_service.get(f"notifications/{identifier}").status_code == 200
    assert as_service.get("notifications").status_code == 200
    User.objects.filter(pk=ann.pk).update(phone_sealed=b"\x01 no such thing at all, but long enough")
    assert as_service.get("users").status_code == 200


def test_a_worker_asked_to_stop_leaves_its_lane_at_once(ann: User) -> None:
    stopping.set()
    try:
        send(ann, ChannelKey.EMAIL)
        assert flow.drain("email") == 0
    finally:
        stopping.clear()
    assert QueueEntry.objects.count() == 1


def test_dropping_old_weeks_keeps_the_unread_count_true(ann: User) -> None:
    past = clock.now() - timedelta(weeks=20)
    partitions.ensure(past, weeks_ahead=0)
    old = message(ann.id, first_id_of(past))
    InboxStore().append([old, message(ann.id)], "in_app")
    assert reading.standing(ann.id).unread == 2
    partitions.drop_before(clock.now() - timedelta(weeks=10))
    assert reading.standing(ann.id).unread == 1
    changing.change(ann.id, Change.READ, clock.now())
    assert reading.standing(ann.id).unread == 0


def test_a_request_outlives_its_week_while_the_next_still_needs_it(ann: User) -> None:
    past = clock.now() - timedelta(weeks=20)
    partitions.ensure(past, weeks_ahead=1)
    identifier = send(ann, ChannelKey.EMAIL)
    next_week = partitions.week_of(past) + timedelta(days=7, seconds=1)
    QueueEntry.objects.filter(pk=identifier).update(id=first_id_of(next_week))
    partitions.drop_before(clock.now() - timedelta(weeks=10))
    assert f"ledger_request_p{partitions.week_of(past):%Y%m%d}" in partitions.existing("ledger_request")
    assert f"ledger_event_p{partitions.week_of(past):%Y%m%d}" not in partitions.existing("ledger_event")


def test_a_name_that_is_not_ours_is_not_served(as_service: Api) -> None:
    refused = as_service.get("categories", headers={"Host": "evil.example.com"})
    assert (refused.status_code, refused.json()["code"]) == (400, "host_not_served")
    assert as_service.get("categories", headers={"Host": "localhost"}).status_code == 200


def test_what_was_sent_is_settled_when_the_database_comes_back(
    ann: User, carried_by: Any, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, provider)
    one = send(ann, ChannelKey.EMAIL)
    real, away = settle._settle, [OperationalError, InterfaceError]

    def sometimes(*args: Any) -> int:
        if away:
            raise away.pop()
        return real(*args)

    monkeypatch.setattr(settle, "_settle", sometimes)
    monkeypatch.setattr(settle, "PAUSE_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(settle, "connection", SimpleNamespace(close=lambda: None, in_atomic_block=False))
    assert drain() == 1
    assert status(one) == ("sent", "")
    assert len(provider.given) == 1


def test_a_database_that_stays_away_ends_the_waiting(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> int:
        raise OperationalError

    monkeypatch.setattr(settle, "_settle", never)
    monkeypatch.setattr(settle, "PATIENCE", timedelta(milliseconds=30))
    monkeypatch.setattr(settle, "PAUSE_SECONDS", (0.0, 0.01))
    monkeypatch.setattr(settle, "connection", SimpleNamespace(close=lambda: None, in_atomic_block=False))
    with pytest.raises(OperationalError):
        settle.settle(1, [object()], clock.now())  # type: ignore[list-item]
