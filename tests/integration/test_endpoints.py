"""Webhook endpoints: who hears which event, rotation, health, pings, deliveries and sending again."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from svix.webhooks import Webhook as SvixWebhook

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import flow
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry
from clarion.records.people import endpoints
from clarion.records.people.endpoints import FAILING_FOR, FAILING_ROUNDS, matches
from clarion.records.people.models import Endpoint, User
from clarion.testing.host import MemoryHost
from clarion.testing.simulators.simulator import Fault, Simulator, Trick
from clarion.testing.webhook_sink import Answer, WebhookSink
from tests.conftest import WEBHOOK_SECRET, Api, api_as, make_user

Drain = Callable[[], int]


@pytest.fixture
def sink() -> Iterator[WebhookSink]:
    with WebhookSink() as server:
        yield server


@pytest.fixture
def real_webhooks(ground: None, sink: WebhookSink) -> Iterator[None]:
    """Webhooks go out over HTTP, private targets allowed."""
    before = installed()
    host = MemoryHost().host()
    install(
        Registry(wiring.PROVIDERS),
        type(before.host)(
            inbox=before.host.inbox,
            live=before.host.live,
            outbox=before.host.outbox,
            sender_email=host.sender_email,
            allow_private_targets=True,
        ),
    )
    book.mirror({ChannelKey.WEBHOOK: ["webhook://?timeout=2"]})
    yield
    for slots in flow._slots.values():
        for slot in slots:
            slot.carriers.close()
    install(before.registry, before.host)


@pytest.fixture
def bob(ground: None) -> User:
    """A person with an inbox and no endpoint yet."""
    return make_user(email="bob@example.com", external_id="bob", reachable=False)


def endpoint(user: User, target: str, **given: Any) -> Endpoint:
    row = Endpoint(user=user, channel="webhook", **given)
    row.secret, row.target = WEBHOOK_SECRET, target
    row.save()
    return row


def send(api: Api, user: User, **more: Any) -> str:
    body = {"user_id": str(user.id), "channel": "webhook", "subject": "Hi", "body": "Hello", **more}
    answer = api.post("notifications/send", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def status_of(identifier: str) -> tuple[str, str]:
    row = Notification.objects.get(pk=identifier)
    return row.status, row.reason


@pytest.mark.parametrize(
    ("pattern", "event", "wanted"),
    [
        ("order.shipped", "order.shipped", True),
        ("order.shipped", "order.shipped.late", False),
        ("order.*", "order.shipped", True),
        ("order.*", "order.shipped.late", True),
        ("order.*", "orders.shipped", False),
        ("order.*", "order", False),
        ("*", "anything", True),
    ],
)
def test_a_filter_names_an_event_or_the_beginning_of_some(pattern: str, event: str, wanted: bool) -> None:
    assert matches(pattern, event) is wanted


def test_each_endpoint_hears_the_events_it_asked_for(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    endpoint(bob, sink.url("/all"))
    endpoint(bob, sink.url("/named"), events=["notification"])
    endpoint(bob, sink.url("/other"), events=["order.*"])
    identifier = send(as_service, bob)
    drain()
    assert sorted(request.path for request in sink.requests) == ["/all", "/named"]
    assert status_of(identifier) == ("sent", "")


def test_an_event_that_no_endpoint_asked_for_is_suppressed_with_its_reason(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    endpoint(bob, sink.url("/other"), events=["order.*"])
    identifier = send(as_service, bob)
    drain()
    assert status_of(identifier) == ("suppressed", "no_subscriber")
    assert sink.requests == []


def test_an_endpoint_that_failed_is_tried_again_and_the_others_are_not_called_twice(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    endpoint(bob, sink.url("/well"))
    endpoint(bob, sink.url("/ill"))
    sink.script("/ill", Answer(status=503), Answer(status=200))
    identifier = send(as_service, bob)
    drain()
    assert status_of(identifier) == ("pending", "")
    _due_now(identifier)
    drain()
    assert status_of(identifier) == ("sent", "")
    assert sorted(request.path for request in sink.requests) == ["/ill", "/ill", "/well"]


def test_when_one_endpoint_took_it_and_the_other_never_will_it_counts_as_sent(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    endpoint(bob, sink.url("/well"))
    endpoint(bob, sink.url("/ill"))
    sink.script("/ill", Answer(status=503), Answer(status=400))
    identifier = send(as_service, bob)
    drain()
    _due_now(identifier)
    drain()
    assert status_of(identifier) == ("sent", "")
    assert sorted(Attempt.objects.values_list("number", "outcome")) == [(1, "retry"), (1, "sent"), (2, "rejected")]


def _due_now(identifier: str) -> None:
    QueueEntry.objects.filter(pk=identifier).update(due_at=clock.now())


def test_after_a_rotation_both_secrets_verify_for_the_time_that_was_asked_for(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    api = api_as(bob)
    made = api.post(
        f"users/{bob.id}/endpoints", {"channel": "webhook", "target": "https://hooks.example.com/in"}
    ).json()
    row = Endpoint.objects.get(pk=made["id"])
    row.target = sink.url("/in")
    row.save()
    rotated = api.post(f"users/{bob.id}/endpoints/{row.id}/rotate-secret", {"overlap_hours": 1}).json()
    assert rotated["secret"] not in (made["secret"], None)
    assert rotated["old_secret_until"] is not None
    send(as_service, bob)
    drain()
    (request,) = sink.requests
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(request.body, dict(request.headers))["type"] == "notification"
        SvixWebhook(secret).verify(request.body, dict(request.headers))
    assert len(request.headers["webhook-signature"].split()) == 2
    Endpoint.objects.filter(pk=row.id).update(old_secret_until=clock.now() - timedelta(seconds=1))
    send(as_service, bob)
    drain()
    with pytest.raises(WebhookVerificationError):
        Webhook(made["secret"]).verify(sink.requests[1].body, dict(sink.requests[1].headers))
    Webhook(rotated["secret"]).verify(sink.requests[1].body, dict(sink.requests[1].headers))


def test_an_overlap_of_zero_ends_the_old_secret_at_once(bob: User) -> None:
    row = endpoint(bob, "https://hooks.example.com/in")
    api_as(bob).post(f"users/{bob.id}/endpoints/{row.id}/rotate-secret", {"overlap_hours": 0})
    row.refresh_from_db()
    assert (row.old_secret_sealed, row.old_secret_until) == (None, None)
    assert endpoints.secrets_of(row, clock.now()) == row.secret != WEBHOOK_SECRET


def test_an_endpoint_that_is_gone_is_disabled_once_and_its_owner_is_told(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    row = endpoint(bob, sink.url("/gone"), label="Shop")
    sink.script("/gone", Answer(status=410))
    first, second = send(as_service, bob), send(as_service, bob)
    drain()
    drain()
    row.refresh_from_db()
    assert (row.active, row.disabled_for) == (False, "gone")
    assert row.disabled_at is not None
    assert {status_of(first), status_of(second)} == {("failed", "endpoint_gone")}
    (item,) = api_as(bob).get("inbox").json()["results"]
    assert item["title"] == "An endpoint was taken out of use"
    assert "“Shop”" in item["body"]
    assert "127.0.0.1" not in str(item)


def test_an_endpoint_without_success_for_days_is_disabled_and_one_success_clears_its_record(bob: User) -> None:
    now = clock.now()
    row = endpoint(bob, "https://hooks.example.com/in")
    assert endpoints.note_health((), [row.id], (), now) == []
    row.refresh_from_db()
    assert (row.failing_since, row.failures, row.active) == (now, 1, True)
    Endpoint.objects.filter(pk=row.id).update(failing_since=now - FAILING_FOR, failures=FAILING_ROUNDS - 2)
    assert endpoints.note_health((), [row.id], (), now) == []
    (disabled,) = endpoints.note_health((), [row.id], (), now)
    assert (disabled.id, disabled.user_id, disabled.why) == (row.id, bob.id, "failing")
    assert endpoints.note_health((), [row.id], (), now) == []
    row.refresh_from_db()
    endpoints.enable(row)
    endpoints.note_health((), [row.id], (), now)
    endpoints.note_health([row.id], (), (), now)
    row.refresh_from_db()
    assert (row.active, row.failing_since, row.failures, row.disabled_at, row.disabled_for) == (True, None, 0, None, "")


def test_a_disabled_endpoint_is_enabled_again_by_its_owner(bob: User) -> None:
    row = endpoint(bob, "https://hooks.example.com/in", active=False, disabled_for="failing", disabled_at=clock.now())
    shown = api_as(bob).patch(f"users/{bob.id}/endpoints/{row.id}", {"active": True}).json()
    assert (shown["active"], shown["disabled_for"], shown["disabled_at"]) == (True, "", None)
    shown = api_as(bob).patch(f"users/{bob.id}/endpoints/{row.id}", {"active": False, "label": "x"}).json()
    assert (shown["active"], shown["label"]) == (False, "x")


def test_a_ping_is_a_signed_call_now_and_tells_how_it_went(real_webhooks: None, bob: User, sink: WebhookSink) -> None:
    row = endpoint(bob, sink.url("/in"), active=False)
    pong = api_as(bob).post(f"users/{bob.id}/endpoints/{row.id}/ping").json()
    assert (pong["ok"], pong["outcome"], pong["detail"]) == (True, "sent", "HTTP 200")
    said = sink.verify(sink.requests[0], WEBHOOK_SECRET)
    assert isinstance(said, dict)
    assert (said["type"], said["data"]) == ("ping", {"endpoint_id": str(row.id)})
    sink.script("/in", Answer(status=500))
    pong = api_as(bob).post(f"users/{bob.id}/endpoints/{row.id}/ping").json()
    assert (pong["ok"], pong["outcome"], pong["detail"]) == (False, "retry", "HTTP 500")
    assert Notification.objects.filter(user_id=bob.id).count() == 0


def test_deliveries_are_listed_try_by_try_newest_first_and_page_by_page(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    row, other = endpoint(bob, sink.url("/in")), endpoint(bob, sink.url("/other"))
    sink.script("/in", Answer(status=503), Answer(status=200))
    first = send(as_service, bob)
    drain()
    second = send(as_service, bob)
    drain()
    path = f"users/{bob.id}/endpoints/{row.id}/deliveries"
    page = api_as(bob).get(f"{path}?page_size=1").json()
    assert [(d["notification_id"], d["outcome"], d["detail"]) for d in page["results"]] == [
        (second, "sent", "HTTP 200")
    ]
    rest = api_as(bob).get(page["next"].partition("/api/v1/")[2]).json()
    assert [(d["notification_id"], d["attempt"], d["outcome"], d["reason"]) for d in rest["results"]] == [
        (first, 1, "retry", "temporary")
    ]
    assert rest["next"] is None
    assert len(api_as(bob).get(f"users/{bob.id}/endpoints/{other.id}/deliveries").json()["results"]) == 2


def test_one_message_is_sent_again_to_one_endpoint_under_the_same_webhook_id(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    row = endpoint(bob, sink.url("/in"))
    endpoint(bob, sink.url("/other"))
    identifier = send(as_service, bob, data={"order": 42})
    drain()
    asked = api_as(bob).post(f"users/{bob.id}/endpoints/{row.id}/resend", {"notification_id": identifier})
    assert asked.status_code == 200
    (copy,) = asked.json()["notifications"]
    drain()
    calls = [request for request in sink.requests if request.path == "/in"]
    assert [request.path for request in sink.requests].count("/other") == 1
    assert [request.headers["webhook-id"] for request in calls] == [f"{identifier}.{row.id}"] * 2
    bodies = [sink.verify(request, WEBHOOK_SECRET) for request in calls]
    assert all(isinstance(body, dict) and body["data"]["order"] == 42 for body in bodies)
    assert status_of(copy) == ("sent", "")
    assert Decision.objects.filter(notification_id=identifier, rule="resend").get().detail == f"{row.id} {copy}"


def test_what_an_endpoint_missed_is_sent_again_once(
    real_webhooks: None, bob: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    began = clock.now() - timedelta(minutes=1)
    row = endpoint(bob, sink.url("/in"))
    sink.script("/in", Answer(status=400), Answer(status=400), Answer(status=200))
    lost = {send(as_service, bob), send(as_service, bob)}
    drain()
    send(as_service, bob)
    drain()
    path = f"users/{bob.id}/endpoints/{row.id}/resend"
    answer = api_as(bob).post(path, {"missed_since": began.isoformat()}).json()
    assert (len(answer["notifications"]), answer["more"]) == (2, False)
    drain()
    ids = [request.headers["webhook-id"].partition(".")[0] for request in sink.requests[3:]]
    assert set(ids) == lost
    assert api_as(bob).post(path, {"missed_since": began.isoformat()}).json()["notifications"] == []


def test_what_cannot_be_sent_again_is_refused_and_nothing_is(
    real_webhooks: None, bob: User, ann: User, as_service: Api, sink: WebhookSink, drain: Drain
) -> None:
    row = endpoint(bob, sink.url("/in"))
    waiting = send(as_service, bob, scheduled_at=(clock.now() + timedelta(hours=1)).isoformat())
    anothers = send(as_service, ann)
    path = f"users/{bob.id}/endpoints/{row.id}/resend"
    before = Notification.objects.count()
    for body, status, code in [
        ({"notification_id": waiting}, 409, "not_ended"),
        ({"notification_id": anothers}, 404, "notification_not_found"),
        ({}, 422, "one_or_since"),
        ({"notification_id": waiting, "missed_since": "2026-11-20T00:00:00Z"}, 422, "one_or_since"),
    ]:
        answer = api_as(bob).post(path, body)
        assert answer.status_code == status, answer.content
        assert answer.json()["errors"][0]["code"] == code
    api_as(bob).patch(f"users/{bob.id}/endpoints/{row.id}", {"active": False})
    assert api_as(bob).post(path, {"missed_since": "2026-11-20T00:00:00Z"}).status_code == 409
    assert Notification.objects.count() == before


@pytest.mark.parametrize(
    "method_path", ["get:", "patch:", "delete:", "post:/rotate-secret", "post:/ping", "get:/deliveries", "post:/resend"]
)
def test_another_persons_endpoint_is_not_found(method_path: str, bob: User, ann: User, as_ann: Api) -> None:
    row = endpoint(bob, "https://hooks.example.com/in")
    method, _, tail = method_path.partition(":")
    body = {"notification_id": str(UUID(int=1))} if tail == "/resend" else None if method in ("get", "delete") else {}
    for owner in (bob, ann):
        answer = as_ann.call(method, f"users/{owner.id}/endpoints/{row.id}{tail}", body)
        assert answer.status_code == 404
    row.refresh_from_db()
    assert (row.active, row.secret) == (True, WEBHOOK_SECRET)


@pytest.mark.parametrize("events", [["order shipped"], [".order"], ["order.**"], ["order.*.x"], ["*order"], [""]])
def test_a_filter_that_means_nothing_is_refused(events: list[str], bob: User) -> None:
    body = {"channel": "webhook", "target": "https://hooks.example.com/in", "events": events}
    answer = api_as(bob).post(f"users/{bob.id}/endpoints", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/events/0"
    assert bob.endpoints.count() == 0


def test_a_chat_endpoint_chooses_no_events_and_has_no_secret_to_rotate(bob: User) -> None:
    api = api_as(bob)
    body = {"channel": "chat", "target": "C0123456789", "events": ["x"]}
    assert api.post(f"users/{bob.id}/endpoints", body).status_code == 422
    made = api.post(f"users/{bob.id}/endpoints", {"channel": "chat", "target": "C0123456789"}).json()
    assert made["secret"] is None
    for action in ("rotate-secret", "ping"):
        assert api.post(f"users/{bob.id}/endpoints/{made['id']}/{action}").status_code == 409


class Slow(Simulator):
    """Takes what it is sent; slow when scripted so."""

    def routes(self) -> Iterable[web.RouteDef]:
        async def take(request: web.Request) -> web.Response:
            self.accepted[request.headers["webhook-id"]] += 1
            return web.Response()

        return [web.post("/in", take)]


def test_an_endpoint_slower_than_our_patience_is_called_once_and_waiting_for_it_is_no_attempt(
    real_webhooks: None, bob: User, as_service: Api, drain: Drain
) -> None:
    book.mirror({ChannelKey.WEBHOOK: ["webhook://?timeout=10&patience=0.1"]})
    with Slow() as receiver:
        receiver.script(Fault(trick=Trick.SLOW, seconds=1.5))
        endpoint(bob, f"{receiver.url}/in")
        identifier = send(as_service, bob)
        drain()
        _due_now(identifier)
        drain()
        assert status_of(identifier) == ("pending", "")
        assert list(Attempt.objects.values_list("outcome", "reason")) == [("unclear", "timeout")]
        held = Decision.objects.filter(notification_id=identifier, rule="provider").get()
        assert (held.outcome, held.reason) == ("hold", "timeout")
        time.sleep(1.6)
        _due_now(identifier)
        drain()
        assert status_of(identifier) == ("sent", "")
        assert list(receiver.accepted.values()) == [1]
