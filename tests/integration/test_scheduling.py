"""Instants and local times, other times for what waits, and what becomes of work that is found too late."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Retry, Sent
from clarion.contract.reasons import Reason
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.ledger import queue
from clarion.records.ledger.models import Decision, Event, Notification, QueueEntry, Request
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch

Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _send(api: Api, user: User, **more: Any) -> Any:
    body = {"subject": "Hi", "body": "Hello", "channel": "email", "user_id": str(user.id), **more}
    return api.post("notifications/send", body)


def _local(zone: str, **ahead: float) -> datetime:
    """Noon on the clocks of a zone, some days ahead."""
    there = (clock.now() + timedelta(**ahead)).astimezone(ZoneInfo(zone))
    return there.replace(hour=12, minute=0, second=0, microsecond=0, tzinfo=None)


def _due(answer: Any) -> datetime:
    return QueueEntry.objects.get(pk=UUID(answer.json()["id"])).due_at


def _wait_is_over(identifier: str, *, late: timedelta = timedelta(seconds=1)) -> None:
    QueueEntry.objects.filter(pk=identifier).update(due_at=clock.now() - late)


# --- local times


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_a_local_time_is_read_on_the_clocks_of_its_zone(as_service: Api, ann: User, zone: str) -> None:
    local = _local(zone, days=3)
    answer = _send(as_service, ann, scheduled_at=local.isoformat(), timezone=zone)
    assert (answer.status_code, answer.json()["status"]) == (201, "scheduled")
    assert _due(answer) == local.replace(tzinfo=ZoneInfo(zone))
    assert Notification.objects.get().scheduled_at == _due(answer)
    decision = Decision.objects.get()
    assert (decision.until, decision.detail) == (_due(answer), f"{local.isoformat()} {zone}")


def test_the_recipients_own_clock_is_the_one_of_their_profile(as_service: Api) -> None:
    local = _local("UTC", days=3).isoformat()
    for zone in ("Africa/Nairobi", "America/Lima"):
        answer = _send(as_service, make_user(timezone=zone), scheduled_at=local, timezone="recipient")
        assert answer.status_code == 201, answer.content
        assert _due(answer) == datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))


def test_a_list_reaches_everybody_at_their_own_noon(as_service: Api) -> None:
    people = [make_user(timezone=zone) for zone in ("Africa/Nairobi", "America/Lima", "Asia/Tokyo")]
    local = _local("UTC", days=3)
    body = {
        "subject": "Hi",
        "body": "Hello",
        "channel": "email",
        "scheduled_at": local.isoformat(),
        "timezone": "recipient",
        "recipients": [{"user_id": str(person.id)} for person in people],
    }
    assert as_service.post("notifications/bulk", body).json()["accepted"] == 3
    for person in people:
        row = Notification.objects.get(user_id=person.id)
        assert row.status == "scheduled"
        assert QueueEntry.objects.get(pk=row.id).due_at == local.replace(tzinfo=ZoneInfo(person.timezone))


SOON = "2999-01-01T09:00:00"
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no zone at all": ({"scheduled_at": SOON}, "naive_time", "/scheduled_at"),
    "an offset and a zone": ({"scheduled_at": f"{SOON}Z", "timezone": "UTC"}, "ambiguous_time", "/scheduled_at"),
    "an offset and the recipient": (
        {"scheduled_at": f"{SOON}+02:00", "timezone": "recipient"},
        "ambiguous_time",
        "/scheduled_at",
    ),
    "an unknown zone": ({"scheduled_at": SOON, "timezone": "Mars/Olympus"}, "invalid_timezone", "/timezone"),
    "a folder of zones": ({"scheduled_at": SOON, "timezone": "America"}, "invalid_timezone", "/timezone"),
    "a path": ({"scheduled_at": SOON, "timezone": "../../etc/passwd"}, "invalid_timezone", "/timezone"),
    "an empty zone": ({"scheduled_at": SOON, "timezone": ""}, "invalid_input", "/timezone"),
    "an offset for a zone": ({"scheduled_at": SOON, "timezone": "+02:00"}, "invalid_timezone", "/timezone"),
    "a zone without a time": ({"timezone": "UTC"}, "required", "/scheduled_at"),
    "a local time of last year": (
        {"scheduled_at": "2020-01-01T09:00:00", "timezone": "UTC"},
        "scheduled_in_past",
        "/scheduled_at",
    ),
    "a local time of the year one": (
        {"scheduled_at": "0001-01-01T00:00:00", "timezone": "Asia/Tokyo"},
        "scheduled_in_past",
        "/scheduled_at",
    ),
    "a local time far away": ({"scheduled_at": SOON, "timezone": "recipient"}, "scheduled_too_far", "/scheduled_at"),
    "the last local time of all": (
        {"scheduled_at": "9999-12-31T23:59:59", "timezone": "America/Lima"},
        "scheduled_too_far",
        "/scheduled_at",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_time_is_refused_everywhere_and_leaves_nothing(as_service: Api, ann: User, name: str) -> None:
    given, code, pointer = BAD[name]
    refused(_send(as_service, ann, **given), 422, code, pointer)
    refused(as_service.post("notifications/explain", {"subject": "a", "body": "b", **given}), 422, code, pointer)
    assert (Request.objects.count(), Notification.objects.count(), QueueEntry.objects.count()) == (0, 0, 0)
    waiting = _send(as_service, ann, scheduled_at=(clock.now() + timedelta(days=1)).isoformat()).json()["id"]
    before = QueueEntry.objects.get().due_at
    if "scheduled_at" not in given:
        code, pointer = "invalid_input", "/scheduled_at"
    refused(as_service.patch(f"notifications/{waiting}", given), 422, code, pointer)
    assert QueueEntry.objects.get().due_at == before


def test_it_must_not_expire_before_its_local_time(as_service: Api, ann: User) -> None:
    local = _local("Asia/Tokyo", days=3)
    expires = (local.replace(tzinfo=ZoneInfo("Asia/Tokyo")) - timedelta(minutes=1)).isoformat()
    answer = _send(as_service, ann, scheduled_at=local.isoformat(), timezone="Asia/Tokyo", expires_at=expires)
    refused(answer, 422, "expires_before_due", "/expires_at")
    assert Notification.objects.count() == 0


# --- another time


def test_what_waits_is_given_another_time(as_service: Api, ann: User, drain: Drain) -> None:
    identifier = _send(as_service, ann).json()["id"]
    later = clock.now() + timedelta(hours=5)
    answer = as_service.patch(f"notifications/{identifier}", {"scheduled_at": later.isoformat()})
    assert (answer.status_code, answer.json()["status"]) == (200, "scheduled")
    assert drain() == 0
    row, entry = Notification.objects.get(), QueueEntry.objects.get()
    assert (row.status, row.scheduled_at, entry.due_at) == ("scheduled", later, later)
    local = _local("Africa/Nairobi", days=2)
    again = as_service.patch(
        f"notifications/{identifier}", {"scheduled_at": local.isoformat(), "timezone": "recipient"}
    )
    assert again.status_code == 200, again.content
    assert QueueEntry.objects.get().due_at == local.replace(tzinfo=ZoneInfo("Africa/Nairobi"))
    assert [e.type for e in Event.objects.order_by("id")] == ["accepted", "rescheduled", "rescheduled"]
    decisions = Decision.objects.order_by("id").values_list("rule", "outcome", "detail")
    assert list(decisions) == [
        ("preferences", "allow", ""),
        ("reschedule", "scheduled", ""),
        ("reschedule", "scheduled", f"{local.isoformat()} recipient"),
    ]
    _wait_is_over(identifier)
    assert drain() == 1
    assert Notification.objects.get().status == "delivered"


def test_what_is_sent_held_or_cancelled_keeps_its_time(as_service: Api, ann: User, drain: Drain) -> None:
    new = {"scheduled_at": (clock.now() + timedelta(hours=5)).isoformat()}
    held = _send(as_service, ann).json()["id"]
    queue.claim_due("email", 10)
    refused(as_service.patch(f"notifications/{held}", new), 409, "being_sent")
    cancelled = _send(as_service, ann, channel="sms").json()["id"]
    as_service.post(f"notifications/{cancelled}/cancel")
    refused(as_service.patch(f"notifications/{cancelled}", new), 409, "not_reschedulable")
    sent = _send(as_service, ann, channel="sms").json()["id"]
    drain()
    refused(as_service.patch(f"notifications/{sent}", new), 409, "not_reschedulable")
    assert not Event.objects.filter(type="rescheduled").exists()
    assert set(Notification.objects.values_list("scheduled_at", flat=True)) == {None}


def test_only_who_sent_it_or_staff_may_change_its_time(as_service: Api, as_ann: Api, ann: User) -> None:
    new = {"scheduled_at": (clock.now() + timedelta(hours=5)).isoformat()}
    theirs = _send(as_service, ann).json()["id"]
    refused(as_ann.patch(f"notifications/{theirs}", new), 404, "notification_not_found")
    refused(api_as(make_user()).patch(f"notifications/{theirs}", new), 404, "notification_not_found")
    own = _send(as_ann, ann).json()["id"]
    assert as_ann.patch(f"notifications/{own}", new).status_code == 200
    assert as_service.patch(f"notifications/{own}", new).status_code == 200
    expiring = _send(as_ann, ann, expires_at=(clock.now() + timedelta(hours=1)).isoformat()).json()["id"]
    refused(as_ann.patch(f"notifications/{expiring}", new), 422, "expires_before_due", "/scheduled_at")
    assert Notification.objects.get(pk=theirs).status == Notification.objects.get(pk=expiring).status == "pending"


# --- too late


def _late(api: Api, user: User, misfire: str, after: int) -> str:
    Category.objects.filter(key="orders").update(misfire=misfire, misfire_after_seconds=after)
    ahead = (clock.now() + timedelta(minutes=5)).isoformat()
    return str(_send(api, user, scheduled_at=ahead, category="orders").json()["id"])


@pytest.mark.parametrize(
    ("misfire", "late", "status", "reason"),
    [
        ("skip", timedelta(seconds=3_700), "expired", "misfired"),
        ("skip", timedelta(seconds=3_500), "sent", ""),
        ("send", timedelta(days=9), "sent", ""),
    ],
)
def test_what_is_found_late_is_skipped_where_its_category_says_so(
    as_service: Api, ann: User, drain: Drain, carried_by: Any, misfire: str, late: timedelta, status: str, reason: str
) -> None:
    provider = ScriptedProvider()
    carried_by(ChannelKey.EMAIL, provider)
    identifier = _late(as_service, ann, misfire, 3_600)
    _wait_is_over(identifier, late=late)
    assert drain() == 1
    row = Notification.objects.get()
    assert (row.status, row.reason) == (status, reason)
    assert len(provider.given) == (status == "sent")
    assert QueueEntry.objects.count() == 0


def test_what_was_not_scheduled_is_sent_however_late(as_service: Api, ann: User, drain: Drain, carried_by: Any) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider())
    Category.objects.filter(key="orders").update(misfire="skip", misfire_after_seconds=60)
    identifier = _send(as_service, ann, category="orders").json()["id"]
    _wait_is_over(identifier, late=timedelta(days=1))
    drain()
    assert Notification.objects.get().status == "sent"


def test_expiry_is_honoured_while_it_is_tried_again(as_service: Api, ann: User, drain: Drain, carried_by: Any) -> None:
    provider = ScriptedProvider(script=lambda m: Retry(why=Reason.TEMPORARY, after=timedelta(hours=2)))
    carried_by(ChannelKey.EMAIL, provider)
    _send(as_service, ann, expires_at=(clock.now() + timedelta(hours=1)).isoformat())
    drain()
    row = Notification.objects.get()
    assert (row.status, row.reason) == ("expired", "expired")
    assert QueueEntry.objects.count() == 0


def test_what_expires_while_others_of_its_batch_are_sent_is_not_handed_over(
    as_service: Api, drain: Drain, carried_by: Any
) -> None:
    start = clock.now()
    provider = ScriptedProvider(max_batch=1)
    carried_by(ChannelKey.EMAIL, provider)
    ids = [
        _send(as_service, make_user(), expires_at=(start + timedelta(hours=hours)).isoformat()).json()["id"]
        for hours in (9, 1, 9)
    ]

    def slow(message: Any) -> Sent:
        moments.append(start + timedelta(hours=2))  # the first takes two hours
        return Sent()

    moments = [start]
    provider.script = slow
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "_source", lambda: moments[-1])
        assert drain() == 3
    states = {str(row.id): (row.status, row.reason) for row in Notification.objects.all()}
    assert [states[one] for one in ids] == [("sent", ""), ("expired", "expired"), ("sent", "")]
    assert [message.notification_id for message in provider.given] == [ids[0], ids[2]]
    assert QueueEntry.objects.count() == 0
