"""Within a category's window a user gets one reference once on each channel, whoever asks and however fast."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clarion.records import clock
from clarion.records.access.keys import mint
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, Event, Notification, QueueEntry
from clarion.records.people.models import User
from tests.conftest import Api, make_user
from tests.integration.api_document import watch

Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def window(ground: None) -> None:
    Category.objects.filter(key="orders").update(dedup_window_seconds=600)


def _send(api: Api, user: User, **more: Any) -> Any:
    usual = {"subject": "Hi", "body": "Hello", "channel": "email", "category": "orders", "reference": "order-7"}
    answer = api.post("notifications/send", {**usual, "user_id": str(user.id), **more})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_a_repeat_is_suppressed_and_names_the_first(as_service: Api, window: None, ann: User, drain: Drain) -> None:
    first = _send(as_service, ann)
    repeat = _send(as_service, ann, subject="Hi again")
    (held,) = repeat["notifications"]
    assert (repeat["status"], repeat["estimated_delivery"]) == ("suppressed", None)
    assert (held["status"], held["reason"], held["duplicate_of"]) == ("suppressed", "duplicate", first["id"])
    assert held["id"] == repeat["id"] != first["id"]
    assert [n["duplicate_of"] for n in first["notifications"]] == [None]
    drain()
    assert as_service.get(f"notifications/{first['id']}/status").json()["status"] == "delivered"
    assert as_service.get(f"notifications/{held['id']}/status").json()["status"] == "suppressed"
    decision = Decision.objects.get(notification_id=held["id"])
    assert (decision.rule, decision.outcome, decision.detail) == ("duplicate", "suppress", f"of {first['id']}")
    assert [e.type for e in Event.objects.filter(notification_id=held["id"])] == ["suppressed"]
    # a repeat of a repeat names the first, too
    assert _send(as_service, ann)["notifications"][0]["duplicate_of"] == first["id"]


def test_another_reference_user_channel_or_category_is_no_repeat(as_service: Api, window: None, ann: User) -> None:
    ben = make_user(email="ben@example.com")
    others: list[tuple[User, dict[str, Any]]] = [
        (ann, {}),
        (ann, {"reference": "order-8"}),
        (ben, {}),
        (ann, {"channel": "sms"}),
        (ann, {"category": "general"}),
        (ann, {"category": "general"}),
        (ann, {"reference": ""}),
        (ann, {"reference": ""}),
    ]
    assert [_send(as_service, user, **more)["status"] for user, more in others] == ["pending"] * len(others)


def test_of_several_channels_only_the_repeated_are_held_back(as_service: Api, window: None, ann: User) -> None:
    first = _send(as_service, ann)
    both = _send(as_service, ann, channels=["sms"])
    assert both["status"] == "pending"
    assert {n["channel"]: (n["status"], n["duplicate_of"]) for n in both["notifications"]} == {
        "email": ("suppressed", first["id"]),
        "sms": ("pending", None),
    }
    assert QueueEntry.objects.count() == 2


def test_after_the_window_it_goes_out_again(as_service: Api, window: None, ann: User) -> None:
    _send(as_service, ann)
    with clock.standing_at(clock.now() + timedelta(seconds=590)):
        assert _send(as_service, ann)["status"] == "suppressed"
    with clock.standing_at(clock.now() + timedelta(seconds=610)):
        assert _send(as_service, ann)["status"] == "pending"


def test_what_was_cancelled_or_not_wanted_is_not_the_first_of_anything(
    as_service: Api, as_ann: Api, window: None, ann: User
) -> None:
    one = _send(as_service, ann)
    as_service.post(f"notifications/{one['id']}/cancel")
    assert _send(as_service, ann)["status"] == "pending"
    as_ann.patch("preferences", {"global": {"sms_enabled": False}})
    body = {"subject": "a", "body": "b", "channel": "sms", "category": "orders", "reference": "r"}
    assert as_service.post("notifications/send", {**body, "user_id": str(ann.id)}).status_code == 403
    as_ann.patch("preferences", {"global": {"sms_enabled": True}})
    assert _send(as_service, ann, channel="sms", reference="r")["status"] == "pending"


def test_a_repeat_that_is_not_wanted_anyway_is_answered_as_such(
    as_service: Api, as_ann: Api, window: None, ann: User
) -> None:
    _send(as_service, ann)
    as_ann.patch("preferences", {"global": {"email_enabled": False}})
    body = {"subject": "a", "body": "b", "channel": "email", "category": "orders", "reference": "order-7"}
    answer = as_service.post("notifications/send", {**body, "user_id": str(ann.id)})
    assert (answer.status_code, answer.json()["code"]) == (403, "opted_out")


def test_of_many_at_once_exactly_one_goes_out(real_ground: None) -> None:
    Category.objects.filter(key="orders").update(dedup_window_seconds=600)
    user = make_user(email="ann@example.com")
    authorization = f"ApiKey {mint(make_user(is_staff=True), 'k', [Permission.STAFF]).secret}"
    start = Barrier(8)

    def send(_: int) -> dict[str, Any]:
        start.wait()
        try:
            return _send(Api(authorization), user, channels=["sms"])  # type: ignore[no-any-return]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    winners = [a for a in answers if a["status"] == "pending"]
    assert len(winners) == 1
    firsts = {n["channel"]: n["id"] for n in winners[0]["notifications"]}
    for answer in answers:
        if answer is not winners[0]:
            assert {n["channel"]: n["duplicate_of"] for n in answer["notifications"]} == firsts
    assert Notification.objects.exclude(status="suppressed").count() == 2
    assert set(QueueEntry.objects.values_list("pk", flat=True)) == {UUID(one) for one in firsts.values()}


def test_a_list_holds_its_repeats_back_as_well(as_service: Api, window: None, ann: User, drain: Drain) -> None:
    ben = make_user(email="ben@example.com")
    first = _send(as_service, ann)
    body = {
        "subject": "Sale",
        "body": "Half price",
        "channel": "email",
        "category": "orders",
        "reference": "order-7",
        "recipients": [{"user_id": str(ann.id)}, {"user_id": str(ben.id)}],
    }
    for _ in range(2):
        answer = as_service.post("notifications/bulk", body)
        assert (answer.status_code, answer.json()["accepted"], answer.json()["rejected"]) == (202, 2, 0)
    drain()
    states = Notification.objects.order_by("id").values_list("user_id", "status", "reason")
    assert list(states) == [
        (ann.id, "delivered", ""),
        (ann.id, "suppressed", "duplicate"),
        (ben.id, "delivered", ""),
        (ann.id, "suppressed", "duplicate"),
        (ben.id, "suppressed", "duplicate"),
    ]
    held = Notification.objects.filter(user_id=ann.id, reason="duplicate").first()
    assert held is not None
    assert Decision.objects.get(notification_id=held.id).detail == f"of {first['id']}"
    assert held.ended_at is not None
