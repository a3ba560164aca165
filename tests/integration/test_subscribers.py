"""The installation's endpoints hear what happens to notifications: all of it, once, and nothing of their own."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.host import Host
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import flow, subscribers
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.ledger.journal import append_events
from clarion.records.ledger.models import Notification
from clarion.records.people.models import Endpoint, EventFeed, User
from clarion.testing.webhook_sink import WebhookSink
from tests.conftest import WEBHOOK_SECRET, api_as, make_user

Drain = Callable[[], int]


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as server:
        yield server


@pytest.fixture
def webhooks(real_ground: None, sink: WebhookSink) -> Iterator[None]:
    before = installed()
    host = before.host
    lenient = Host(inbox=host.inbox, live=host.live, outbox=host.outbox, allow_private_targets=True)
    install(Registry(wiring.PROVIDERS), lenient)
    book.mirror({ChannelKey.WEBHOOK: ["webhook://?timeout=2"]})
    yield
    for slots in flow._slots.values():
        for slot in slots:
            slot.carriers.close()
    install(before.registry, before.host)


def listen(owner: User, target: str, *events: str) -> Endpoint:
    row = Endpoint(user=owner, channel="webhook", application=True, events=list(events))
    row.secret, row.target = WEBHOOK_SECRET, target
    row.save()
    subscribers.tell(clock.now())  # from now on
    return row


def send(user: User) -> str:
    body = {"user_id": str(user.id), "channel": "in_app", "subject": "Hi", "body": "Hello", "reference": "o-42"}
    answer = api_as(user).post("notifications/send", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def heard(sink: WebhookSink, path: str = "/hook") -> list[dict[str, Any]]:
    said = [sink.verify(request, WEBHOOK_SECRET) for request in sink.requests if request.path == path]
    return [each for each in said if isinstance(each, dict)]


def test_what_happens_is_told_signed_to_those_who_asked_for_it_once(
    webhooks: None, sink: WebhookSink, drain: Drain
) -> None:
    staff, ann = make_user(is_staff=True, reachable=False), make_user(reachable=False)
    listen(staff, sink.url("/hook"), "notification.delivered")
    listen(staff, sink.url("/all"))
    identifier = send(ann)
    drain()
    assert subscribers.tell(clock.now()) == 3
    drain()
    assert subscribers.tell(clock.now()) == 0
    (delivered,) = heard(sink)
    assert delivered["type"] == "notification.delivered"
    row = Notification.objects.get(pk=identifier)
    assert {name: value for name, value in delivered["data"].items() if name != "at"} == {
        "notification_id": identifier,
        "request_id": str(row.request_id),
        "user_id": str(ann.id),
        "channel": "in_app",
        "category": "general",
        "reference": "o-42",
        "reason": "",
    }
    assert sorted(each["type"] for each in heard(sink, "/all")) == ["notification.accepted", "notification.delivered"]


def test_what_happens_to_those_webhooks_is_told_to_nobody(webhooks: None, sink: WebhookSink, drain: Drain) -> None:
    staff = make_user(is_staff=True, reachable=False)
    listen(staff, sink.url("/hook"))
    send(make_user(reachable=False))
    for _ in range(4):
        drain()
        subscribers.tell(clock.now())
    assert len(heard(sink)) == 2
    assert Notification.objects.filter(caller_kind="endpoint").count() == 2


def test_an_endpoint_of_the_installation_does_not_hear_its_owners_own_webhooks(
    webhooks: None, sink: WebhookSink, drain: Drain
) -> None:
    staff = make_user(is_staff=True, reachable=False)
    listen(staff, sink.url("/hook"), "order.*")
    body = {"user_id": str(staff.id), "channel": "webhook", "subject": "Hi", "body": "Hello"}
    answer = api_as(staff).post("notifications/send", body)
    assert answer.status_code in (400, 422), answer.content
    drain()
    assert heard(sink) == []


def test_a_transaction_that_commits_late_is_not_skipped(webhooks: None, sink: WebhookSink) -> None:
    staff, ann = make_user(is_staff=True, reachable=False), make_user(reachable=False)
    listen(staff, sink.url("/hook"))
    first = Notification.objects.get(pk=send(ann)).pk
    assert subscribers.tell(clock.now()) == 1
    written, commit = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            append_events([(first, clock.now(), "opened", "")])
            written.set()
            assert commit.wait(10)
        connection.close()

    slow = threading.Thread(target=late)
    slow.start()
    assert written.wait(10)
    append_events([(first, clock.now(), "clicked", "")])  # begun later, committed earlier
    assert subscribers.tell(clock.now()) == 0
    commit.set()
    slow.join()
    assert subscribers.tell(clock.now()) == 2
    assert subscribers.tell(clock.now()) == 0


def test_nothing_is_told_of_before_there_was_anybody_to_tell(webhooks: None, sink: WebhookSink) -> None:
    staff, ann = make_user(is_staff=True, reachable=False), make_user(reachable=False)
    send(ann)
    endpoint = listen(staff, sink.url("/hook"))
    assert subscribers.tell(clock.now()) == 0
    Endpoint.objects.filter(pk=endpoint.pk).update(active=False)
    subscribers.tell(clock.now())
    assert not EventFeed.objects.exists()
    send(ann)
    Endpoint.objects.filter(pk=endpoint.pk).update(active=True)
    assert subscribers.tell(clock.now()) == 0


def test_only_staff_make_and_see_endpoints_of_the_installation(ground: None) -> None:
    staff, ann = make_user(is_staff=True, reachable=False), make_user(reachable=False)
    body = {"channel": "webhook", "target": "https://hooks.example.com/in", "application": True}
    refused = api_as(ann).post(f"users/{ann.id}/endpoints", body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "permission_denied")
    assert not ann.endpoints.exists()
    made = api_as(staff).post(f"users/{staff.id}/endpoints", {**body, "events": ["notification.failed"]}).json()
    assert (made["application"], made["events"]) == (True, ["notification.failed"])
    chat = api_as(staff).post(f"users/{staff.id}/endpoints", {**body, "channel": "chat", "target": "C0123456789"})
    assert chat.status_code == 422
