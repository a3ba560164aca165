"""Sending through the API: what is accepted, under which names, once only, and how it is shown and cancelled."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from clarion.contract.channel import ChannelKey
from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.permissions import Permission
from clarion.records.ledger import queue
from clarion.records.ledger.models import IdempotencyKey, Notification, QueueEntry, Request
from clarion.records.people.models import User
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch

INLINE = {"subject": "Hi", "body": "Hello", "channel": "email"}
Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def shipped(as_service: Api) -> dict[str, Any]:
    """A template for email and SMS with a required variable."""
    body = {
        "path": "order.shipped",
        "name": "Shipped",
        "category": "orders",
        "content": {
            "email": {"default": {"subject": "Order {{ order_id }}", "text": "{{ order_id }}"}},
            "sms": {"default": {"body": "{{ order_id }}"}},
        },
        "required_variables": ["order_id"],
    }
    answer = as_service.post("templates", body)
    assert answer.status_code == 201
    made: dict[str, Any] = answer.json()
    return made


def _send(api: Api, user: User, path: str = "notifications/send", **more: Any) -> dict[str, Any]:
    answer = api.post(path, {"user_id": str(user.id), **INLINE, **more})
    assert answer.status_code == 201, answer.content
    sent: dict[str, Any] = answer.json()
    return sent


def _at(**ahead: float) -> str:
    return (clock.now() + timedelta(**ahead)).isoformat()


# --- what is accepted


def test_an_accepted_send_is_durable_and_says_what_comes_next(as_service: Api, ann: User) -> None:
    answer = as_service.post(
        "notifications/send", {"user_id": str(ann.id), **INLINE, "channel": None, "channels": ["email", "sms", "email"]}
    )
    sent = answer.json()
    assert (answer.status_code, sent["status"], sent["message"]) == (201, "pending", "Notification queued")
    assert answer.headers["Location"] == f"/api/v1/notifications/{sent['id']}"
    assert [(n["channel"], n["status"]) for n in sent["notifications"]] == [("email", "pending"), ("sms", "pending")]
    assert sent["id"] == sent["notifications"][0]["id"]
    estimated = datetime.fromisoformat(sent["estimated_delivery"])
    assert timedelta(0) < estimated - clock.now() <= timedelta(seconds=5)
    assert {str(n.request_id) for n in Notification.objects.all()} == {sent["request_id"]}
    assert QueueEntry.objects.count() == 2


@pytest.mark.parametrize(
    "form",
    [
        {"template_path": "order.shipped", "context": {"order_id": 7}, "channel": "email", "category": "orders"},
        {"template_name": "order.shipped", "template_context": {"order_id": 7}, "channel": "email"},
        {
            "template_path": "order.shipped",
            "metadata": {"template_vars": {"order_id": 7}},
            "notification_type": "email",
        },
    ],
)
@pytest.mark.parametrize("path", ["notifications/send", "notifications/send/", "notifications", "notifications/"])
def test_a_template_is_sent_under_the_names_of_every_document(
    as_service: Api, ann: User, shipped: dict[str, Any], drain: Drain, form: dict[str, Any], path: str
) -> None:
    answer = as_service.post(path, {"user_id": str(ann.id), **form})
    assert answer.status_code == 201, answer.content
    drain()
    detail = as_service.get(f"notifications/{answer.json()['id']}").json()
    assert (detail["status"], detail["category"], detail["template_id"]) == ("delivered", "orders", shipped["id"])


def test_the_e_commerce_form_takes_an_integer_category_and_a_message(as_service: Api, ann: User) -> None:
    orders = next(c["id"] for c in as_service.get("categories").json()["results"] if c["key"] == "orders")
    body = {"user_id": str(ann.id), "category": orders, "notification_type": "email", "subject": "Hi", "message": "You"}
    sent = as_service.post("notifications/", {**body, "metadata": {"template_vars": {}}})
    assert sent.status_code == 201
    shown = as_service.get(f"notifications/{sent.json()['id']}/").json()
    assert (shown["category"], shown["notification_type"], shown["subject"]) == ("orders", "email", "Hi")


def test_without_a_user_it_goes_to_the_caller(as_ann: Api, ann: User) -> None:
    sent = as_ann.post("notifications/send", INLINE).json()
    assert Notification.objects.get(pk=sent["id"]).user_id == ann.id


def test_sending_to_others_needs_its_permission(as_ann: Api, staff: User) -> None:
    refused(as_ann.post("notifications/send", {**INLINE, "user_id": str(staff.id)}), 403, "permission_denied")
    assert Request.objects.count() == 0


@pytest.mark.parametrize(("given", "number"), [("critical", 1), ("high", 2), (3, 3), ("low", 4), (None, 3)])
def test_priorities_go_by_name_or_number(as_service: Api, ann: User, given: object, number: int) -> None:
    sent = _send(as_service, ann, priority=given)
    assert Notification.objects.get(pk=sent["id"]).priority == number


def test_a_scheduled_send_waits_and_one_a_moment_ago_goes_at_once(as_service: Api, ann: User, drain: Drain) -> None:
    later = _send(as_service, ann, scheduled_at=_at(hours=1), expires_at=_at(hours=2))
    assert (later["status"], later["message"]) == ("scheduled", "Notification scheduled")
    now = _send(as_service, ann, scheduled_at=_at(seconds=-50))
    assert now["status"] == "pending"
    drain()
    states = {i: as_service.get(f"notifications/{i}/status").json() for i in (later["id"], now["id"])}
    assert (states[later["id"]]["status"], states[later["id"]]["attempts"]) == ("scheduled", 0)
    assert states[later["id"]]["next_attempt_at"] is not None
    assert (states[now["id"]]["status"], states[now["id"]]["attempts"]) == ("delivered", 1)
    assert states[now["id"]]["next_attempt_at"] is None


def test_what_expires_while_it_waits_is_not_sent(as_service: Api, ann: User, drain: Drain) -> None:
    sent = _send(as_service, ann, expires_at=_at(hours=1))
    Notification.objects.filter(pk=sent["id"]).update(expires_at=clock.now())
    drain()
    detail = as_service.get(f"notifications/{sent['id']}").json()
    assert (detail["status"], detail["reason"], detail["attempts"]) == ("expired", "expired", [])


@pytest.mark.parametrize(
    "body", [{}, {"type": "sms"}, {"type": "email", "template": "order.shipped", "context": {"order_id": 1}}]
)
def test_a_test_goes_to_oneself(as_ann: Api, ann: User, shipped: object, drain: Drain, body: dict[str, Any]) -> None:
    sent = as_ann.post("notifications/test", body)
    assert sent.status_code == 201, sent.content
    drain()
    shown = as_ann.get(f"notifications/{sent.json()['id']}").json()
    assert (shown["user_id"], shown["channel"], shown["status"]) == (
        str(ann.id),
        body.get("type", "email"),
        "delivered",
    )


# --- lists


def test_lists_are_filtered_and_every_row_is_what_was_asked_for(as_service: Api, ann: User, drain: Drain) -> None:
    other = make_user()
    done = _send(as_service, ann, reference="order 7")
    drain()
    waits = _send(as_service, other, channel="sms")
    later = _send(as_service, ann, scheduled_at=_at(hours=1))
    came = _send(as_service, ann, channel="in_app", scheduled_at=_at(hours=1))
    QueueEntry.objects.filter(pk=came["id"]).update(due_at=clock.now() - timedelta(seconds=1))
    held = _send(as_service, ann, channel="push")
    queue.claim_due("push", 10)

    def found(query: str) -> set[str]:
        return {n["id"] for n in as_service.get(f"notifications?{query}").json()["results"]}

    assert found("") == {s["id"] for s in (done, waits, later, came, held)}
    assert found(f"user_id={other.id}") == found("channel=sms") == {waits["id"]}
    assert found("reference=order%207") == {done["id"]}
    assert found(f"request_id={later['request_id']}") == {later["id"]}
    by_status = {"delivered": {done["id"]}, "scheduled": {later["id"]}, "processing": {held["id"]}, "failed": set()}
    for status, wanted in {**by_status, "pending": {waits["id"], came["id"]}}.items():
        assert found(f"status={status}") == wanted, status
        assert {n["status"] for n in as_service.get(f"notifications?status={status}").json()["results"]} <= {status}


def test_pages_of_notifications_go_both_ways_with_their_filter(as_service: Api, ann: User) -> None:
    ids = [_send(as_service, ann, channel="sms")["id"] for _ in range(5)][::-1]
    _send(as_service, ann)
    first = as_service.get("notifications?channel=sms&page_size=2").json()
    second = as_service.get(first["next"].split("/api/v1/")[1]).json()
    third = as_service.get(second["next"].split("/api/v1/")[1]).json()
    assert [[n["id"] for n in page["results"]] for page in (first, second, third)] == [ids[:2], ids[2:4], ids[4:]]
    assert (first["previous"], third["next"]) == (None, None)
    back = as_service.get(third["previous"].split("/api/v1/")[1]).json()
    assert [n["id"] for n in back["results"]] == ids[2:4]


# --- cancel


def test_what_waits_can_be_cancelled_once(as_service: Api, ann: User, drain: Drain) -> None:
    sent = _send(as_service, ann, scheduled_at=_at(hours=1))
    answer = as_service.post(f"notifications/{sent['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    refused(as_service.post(f"notifications/{sent['id']}/cancel"), 409, "not_cancellable")
    assert QueueEntry.objects.count() == 0
    detail = as_service.get(f"notifications/{sent['id']}").json()
    assert detail["decisions"][-1]["rule"] == "cancel"


def test_what_is_sent_or_being_sent_cannot_be_cancelled(as_service: Api, ann: User, drain: Drain) -> None:
    done = _send(as_service, ann)
    drain()
    refused(as_service.post(f"notifications/{done['id']}/cancel"), 409, "not_cancellable")
    held = _send(as_service, ann)
    queue.claim_due("email", 10)
    refused(as_service.post(f"notifications/{held['id']}/cancel"), 409, "being_sent")
    assert as_service.get(f"notifications/{held['id']}").json()["status"] == "processing"


def test_the_recipient_may_see_but_not_cancel_what_another_sent(as_service: Api, as_ann: Api, ann: User) -> None:
    sender = make_user(permissions=["send", "send_others"])
    sent = _send(api_as(sender), ann, scheduled_at=_at(hours=1))
    assert as_ann.get(f"notifications/{sent['id']}").status_code == 200
    refused(as_ann.post(f"notifications/{sent['id']}/cancel"), 404, "notification_not_found")
    assert QueueEntry.objects.count() == 1


# --- Idempotency-Key


def test_a_key_answers_the_first_answer_again(as_service: Api, ann: User) -> None:
    body, headers = {"user_id": str(ann.id), **INLINE}, {"Idempotency-Key": "order-7 / éa"[:9]}
    first = as_service.post("notifications/send", body, headers=headers)
    again = as_service.post("notifications/send", body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert (Request.objects.count(), Notification.objects.count(), IdempotencyKey.objects.count()) == (1, 1, 1)


def test_another_body_under_a_key_is_refused(as_service: Api, ann: User) -> None:
    headers = {"Idempotency-Key": "k"}
    as_service.post("notifications/send", {"user_id": str(ann.id), **INLINE}, headers=headers)
    other = as_service.post("notifications/send", {"user_id": str(ann.id), **INLINE, "body": "x"}, headers=headers)
    refused(other, 422, "key_reused")
    assert Notification.objects.count() == 1


def test_keys_of_different_callers_are_different(as_service: Api, as_ann: Api, ann: User) -> None:
    for api in (as_service, as_ann):
        answer = api.post("notifications/send", {"user_id": str(ann.id), **INLINE}, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (201, None)
    assert Notification.objects.count() == 2


def test_a_key_is_free_again_after_a_day(as_service: Api, ann: User) -> None:
    body, headers = {"user_id": str(ann.id), **INLINE}, {"Idempotency-Key": "k"}
    as_service.post("notifications/send", body, headers=headers)
    row = IdempotencyKey.objects.get()
    old = UUID(int=row.id.int - (int(timedelta(hours=24, seconds=5).total_seconds() * 1000) << 80))
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("UPDATE ledger_idempotency SET id = %s WHERE id = %s", [old, row.id])
    assert as_service.post("notifications/send", body, headers=headers).headers.get("Idempotency-Replayed") is None
    assert Notification.objects.count() == 2


def test_the_same_key_at_the_same_time_sends_exactly_once(real_ground: None) -> None:
    ann = make_user(email="ann@example.com")
    authorization = f"ApiKey {keys.mint(make_user(is_staff=True), 'k', [Permission.STAFF]).secret}"
    start = Barrier(8)

    def send(_: int) -> tuple[int, str]:
        start.wait()
        try:
            answer = Api(authorization).post(
                "notifications/send", {"user_id": str(ann.id), **INLINE}, headers={"Idempotency-Key": "same"}
            )
            return answer.status_code, answer.json().get("code", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    assert set(answers) <= {(201, ""), (409, "still_running")}
    assert (201, "") in answers
    assert (Notification.objects.count(), QueueEntry.objects.count(), IdempotencyKey.objects.count()) == (1, 1, 1)


def test_a_send_costs_a_small_number_of_queries(
    as_service: Api, ann: User, shipped: object, django_assert_max_num_queries: Any
) -> None:
    body = {"user_id": str(ann.id), "template_path": "order.shipped", "context": {"order_id": 1}, "channel": "email"}
    as_service.post("notifications/send", body)
    with django_assert_max_num_queries(3):
        assert as_service.post("notifications/send", body).status_code == 201


def test_every_channel_is_reached_by_name(as_service: Api, ann: User) -> None:
    for key in ChannelKey:
        assert [n["channel"] for n in _send(as_service, ann, channel=key)["notifications"]] == [key]
