"""Retries by category, the deadline, and what people do with what failed: look, replay, discard."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.contract.outcome import Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.flows.ingest import changes
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock, partitions
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Attempt, DeadLetter, Decision, Event, Notification, QueueEntry
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, caller_of, make_user
from tests.integration.api_document import refused, watch

Drain = Callable[[], int]
EMAIL = ChannelKey.EMAIL


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


@pytest.fixture
def refusing(carried_by: Any) -> list[Any]:
    """Email and SMS answer with the last of this list: a refusal at first."""
    said: list[Any] = [Rejected(why=Reason.MAILBOX_FULL)]
    provider = ScriptedProvider(script=lambda m: said[-1])
    for key in (EMAIL, ChannelKey.SMS):
        carried_by(key, provider)
    return said


def _dead(api: Api, drain: Drain, number: int, **more: Any) -> list[str]:
    """Ids of notifications that were rejected."""
    made = []
    for _ in range(number):
        user = make_user(email=f"{uuid4().hex}@example.com")
        body = {"subject": "Hi", "body": "Hello", "channel": "email", "user_id": str(user.id), **more}
        made.append(api.post("notifications/send", body).json()["id"])
    drain()
    assert set(Notification.objects.filter(pk__in=made).values_list("status", flat=True)) == {"failed"}
    return made


def _listed(api: Api, query: str = "") -> list[str]:
    return [one["id"] for one in api.get(f"dead-letters{query}").json()["results"]]


# --- patience by category


def test_a_category_brings_its_own_patience(as_staff: Api, drain: Drain, carried_by: Any) -> None:
    rule = {"base_seconds": 600, "factor": 2, "cap_seconds": 1_000, "attempts": 3}
    orders = Category.objects.get(key="orders")
    changed = as_staff.patch(f"categories/{orders.id}", {"retry": rule})
    assert (changed.status_code, changed.json()["retry"]) == (200, rule)
    carried_by(EMAIL, ScriptedProvider(script=lambda m: Retry(why=Reason.TEMPORARY)))
    user = make_user()
    body = {"subject": "a", "body": "b", "channel": "email", "category": "orders", "user_id": str(user.id)}
    as_staff.post("notifications/send", body)
    waits = []
    for _ in range(3):
        assert drain() == 1
        for entry in QueueEntry.objects.all():
            waits.append((entry.due_at - clock.now()).total_seconds())
        QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assert 440 < waits[0] < 760
    assert 740 < waits[1] < 1_260
    assert len(waits) == 2
    row = Notification.objects.get()
    assert (row.status, row.reason) == ("failed", "retries_exhausted")
    last = Decision.objects.filter(notification_id=row.id).order_by("-id").first()
    assert last is not None
    assert last.detail == "3 attempts; last: temporary"


def test_after_the_deadline_there_is_no_further_attempt(as_staff: Api, drain: Drain, carried_by: Any) -> None:
    Category.objects.filter(key="orders").update(retry={"deadline_seconds": 3_600})
    asked = {"wait": timedelta(minutes=50)}
    carried_by(EMAIL, ScriptedProvider(script=lambda m: Retry(why=Reason.TEMPORARY, after=asked["wait"])))
    user = make_user()
    body = {"subject": "a", "body": "b", "channel": "email", "category": "orders", "user_id": str(user.id)}
    identifier = as_staff.post("notifications/send", body).json()["id"]
    drain()
    assert Notification.objects.get().status == "pending"
    asked["wait"] = timedelta(minutes=70)
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))
    drain()
    assert (Notification.objects.get().status, Notification.objects.get().reason) == ("failed", "retries_exhausted")
    detail = as_staff.get(f"dead-letters/{identifier}").json()["decisions"][-1]["detail"]
    assert detail == "the deadline, 1:00:00 after it was due; last: temporary"
    # a replay is a new chance, with a deadline of its own, however old the notification is
    asked["wait"] = timedelta(minutes=50)
    with clock.standing_at(clock.now() + timedelta(days=3)):
        assert as_staff.post(f"dead-letters/{identifier}/replay").status_code == 200
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))
    drain()
    assert Notification.objects.get().status == "pending"


BAD_RETRIES: dict[str, tuple[dict[str, Any], str, str]] = {
    "no wait": ({"base_seconds": 0}, "invalid_input", "/retry/base_seconds"),
    "a shrinking wait": ({"factor": 0.5}, "invalid_input", "/retry/factor"),
    "no attempt": ({"attempts": 0}, "invalid_input", "/retry/attempts"),
    "endless attempts": ({"attempts": 51}, "invalid_input", "/retry/attempts"),
    "half an attempt": ({"attempts": 1.5}, "invalid_input", "/retry/attempts"),
    "a deadline of a year": ({"deadline_seconds": 31_536_000}, "invalid_input", "/retry/deadline_seconds"),
    "a cap below the base": ({"base_seconds": 60, "cap_seconds": 5}, "cap_below_base", "/retry/cap_seconds"),
    "an unknown word": ({"tries": 3}, "invalid_input", "/retry/tries"),
    "text": ({"base_seconds": "60"}, "invalid_input", "/retry/base_seconds"),
}


@pytest.mark.parametrize("name", BAD_RETRIES)
def test_bad_patience_is_refused_and_nothing_changes(as_staff: Api, name: str) -> None:
    rule, code, pointer = BAD_RETRIES[name]
    orders = Category.objects.get(key="orders")
    refused(as_staff.patch(f"categories/{orders.id}", {"name": "Changed", "retry": rule}), 422, code, pointer)
    refused(as_staff.post("categories", {"key": "new", "name": "New", "retry": rule}), 422, code, pointer)
    orders.refresh_from_db()
    assert (orders.name, orders.retry) == ("Orders", {})
    assert not Category.objects.filter(key="new").exists()


@pytest.mark.parametrize("field", ["dedup_window_seconds", "misfire_after_seconds"])
def test_bad_windows_are_refused(as_staff: Api, field: str) -> None:
    orders = Category.objects.get(key="orders")
    for value in (-1, 2_592_001, 1.5, "60", None):
        answer = as_staff.patch(f"categories/{orders.id}", {field: value})
        refused(answer, 422, "invalid_input", f"/{field}")
    refused(as_staff.patch(f"categories/{orders.id}", {"misfire": "later"}), 422, "invalid_input", "/misfire")


def test_a_category_shows_what_it_was_made_with(as_staff: Api) -> None:
    given = {
        "key": "bills",
        "name": "Bills",
        "dedup_window_seconds": 300,
        "misfire": "skip",
        "misfire_after_seconds": 60,
        "retry": {"attempts": 4, "deadline_seconds": 7_200.0},
    }
    made = as_staff.post("categories", given)
    assert made.status_code == 201, made.content
    shown = as_staff.get(f"categories/{made.json()['id']}").json()
    assert {name: shown[name] for name in given} == given
    assert as_staff.patch(f"categories/{shown['id']}", {"retry": {}}).json()["retry"] == {}
    plain = as_staff.get("categories").json()["results"]
    assert {(c["dedup_window_seconds"], c["misfire"], c["misfire_after_seconds"]) for c in plain} == {
        (0, "send", 3_600),
        (300, "skip", 60),
    }


# --- looking


def test_a_dead_letter_is_shown_with_its_whole_history(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    (one,) = _dead(as_service, drain, 1)
    shown = as_service.get(f"dead-letters/{one}").json()
    assert shown == as_service.get(f"notifications/{one}").json()
    assert [(a["number"], a["outcome"], a["reason"]) for a in shown["attempts"]] == [(1, "rejected", "mailbox_full")]
    assert [e["type"] for e in shown["events"]] == ["accepted", "failed"]
    refused(as_service.get(f"dead-letters/{uuid4()}"), 404, "dead_letter_not_found")


def test_lists_are_filtered_by_all_that_is_given(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    mail = _dead(as_service, drain, 2, category="orders")
    texts = _dead(as_service, drain, 1, channel="sms")
    assert _listed(as_service) == [*texts, *reversed(mail)]
    orders = Category.objects.get(key="orders")
    middle = Notification.objects.get(pk=mail[1]).created_at.isoformat().replace("+00:00", "Z")
    filters = {
        "?channel=sms": texts,
        "?reason=mailbox_full": [*texts, *reversed(mail)],
        "?reason=timeout": [],
        "?category=orders": mail[::-1],
        f"?category={orders.id}": mail[::-1],
        "?category=general&channel=sms": texts,
        f"?template_id={uuid4()}": [],
        "?before=0001-01-01T00:00:00Z": [],
        "?after=9999-12-31T23:59:59Z": [],
        "?after=0001-01-01T00:00:00Z": [*texts, *reversed(mail)],
        f"?before={middle}": mail[:1],
    }
    for query, wanted in filters.items():
        assert _listed(as_service, query) == wanted, query
    refused(as_service.get("dead-letters?category=nope"), 422, "category_not_found", "/query/category")
    for bad in ("yesterday", "0.5", "1900000000", "2026-01-01", "2026-01-01T00:00:00", ""):
        refused(as_service.get(f"dead-letters?after={bad}"), 422, "invalid_input", "/query/after")
    pages = as_service.get("dead-letters?page_size=2").json()
    assert len(pages["results"]) == 2
    rest = as_service.get(pages["next"].partition("/api/v1/")[2]).json()
    assert [one["id"] for one in [*pages["results"], *rest["results"]]] == [*texts, *reversed(mail)]


def test_a_late_receipt_takes_it_off_the_list(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    (one,) = _dead(as_service, drain, 1)
    row = Notification.objects.get(pk=one)
    assert move([Move(notification_id=row.id, to=Status.DELIVERED)], clock.now()) == {row.id}
    assert _listed(as_service) == []
    refused(as_service.post(f"dead-letters/{one}/replay"), 404, "dead_letter_not_found")
    assert as_service.post("dead-letters/replay", {"filter": {}}).json()["replayed"] == 0


# --- discarding


def test_a_discarded_one_leaves_the_list_and_stays_on_record(
    as_staff: Api, staff: Any, drain: Drain, refusing: list[Any]
) -> None:
    first, second = _dead(as_staff, drain, 2)
    answer = as_staff.post(f"dead-letters/{first}/discard")
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert _listed(as_staff) == [second]
    for act in ("discard", "replay"):
        refused(as_staff.post(f"dead-letters/{first}/{act}"), 404, "dead_letter_not_found")
    refused(as_staff.get(f"dead-letters/{first}"), 404, "dead_letter_not_found")
    detail = as_staff.get(f"notifications/{first}").json()
    assert (detail["status"], detail["reason"]) == ("failed", "mailbox_full")
    last = detail["decisions"][-1]
    assert (last["rule"], last["outcome"], last["detail"]) == ("discard", "discarded", f"by user {staff.id}")
    assert [e["type"] for e in detail["events"]] == ["accepted", "failed", "discarded"]
    assert QueueEntry.objects.count() == 0


def test_many_are_discarded_by_id_or_by_filter(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    dead = _dead(as_service, drain, 4)
    answer = as_service.post("dead-letters/discard", {"ids": [dead[0], str(uuid4())]}).json()
    assert (answer["discarded"], answer["more"]) == (1, False)
    assert [(e["pointer"], e["code"]) for e in answer["errors"]] == [("/ids/1", "dead_letter_not_found")]
    limited = as_service.post("dead-letters/discard", {"filter": {"reason": "mailbox_full", "limit": 2}}).json()
    assert limited == {"discarded": 2, "errors": [], "more": True}
    assert _listed(as_service) == [dead[3]], "the oldest went first"
    assert as_service.post("dead-letters/discard", {"filter": {"channel": "sms"}}).json()["discarded"] == 0
    assert Decision.objects.filter(rule="discard").count() == 3


def test_many_are_replayed_by_filter(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    dead = _dead(as_service, drain, 3)
    answer = as_service.post("dead-letters/replay", {"filter": {"channel": "email", "limit": 2}}).json()
    assert answer == {"replayed": 2, "errors": [], "more": True}
    assert {str(pk) for pk in QueueEntry.objects.values_list("pk", flat=True)} == set(dead[:2])
    refusing.append(Sent())
    drain()
    assert _listed(as_service) == [dead[2]]
    assert Notification.objects.filter(status="sent").count() == 2


@pytest.mark.parametrize("act", ["replay", "discard"])
@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({}, "ids_or_filter", "/ids"),
        ({"ids": [str(uuid4())], "filter": {}}, "ids_or_filter", "/ids"),
        ({"ids": []}, "invalid_input", "/ids"),
        ({"ids": ["x"]}, "invalid_input", "/ids/0"),
        ({"filter": {"limit": 1_001}}, "invalid_input", "/filter/limit"),
        ({"filter": {"limit": 0}}, "invalid_input", "/filter/limit"),
        ({"filter": {"category": "nope"}}, "category_not_found", "/filter/category"),
        ({"filter": {"chanel": "sms"}}, "invalid_input", "/filter/chanel"),
        ({"filter": {"before": "2026-01-01T00:00:00"}}, "invalid_input", "/filter/before"),
    ],
)
def test_a_bad_choice_is_refused_and_changes_nothing(
    as_service: Api, drain: Drain, refusing: list[Any], act: str, body: dict[str, Any], code: str, pointer: str
) -> None:
    dead = _dead(as_service, drain, 1)
    refused(as_service.post(f"dead-letters/{act}", body), 422, code, pointer)
    assert _listed(as_service) == dead
    assert (QueueEntry.objects.count(), Decision.objects.filter(stage="api").count()) == (0, 0)


def test_dead_letters_are_for_staff(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    (one,) = _dead(as_service, drain, 1)
    small = api_as(make_user(permissions=["send", "send_others", "analytics", "bulk"]))
    for method, path, body in [
        ("get", "dead-letters", None),
        ("get", f"dead-letters/{one}", None),
        ("post", f"dead-letters/{one}/replay", {}),
        ("post", f"dead-letters/{one}/discard", {}),
        ("post", "dead-letters/replay", {"filter": {}}),
        ("post", "dead-letters/discard", {"filter": {}}),
    ]:
        refused(small.call(method, path, body=body), 403, "permission_denied")
    assert _listed(as_service) == [one]


def test_of_replay_and_discard_at_once_one_wins(real_ground: None, drain: Drain) -> None:
    user = make_user()
    asked = Send(caller=caller_of(user, Permission.STAFF), user_id=user.id, subject="a", body="b", channels=(EMAIL,))
    (sent,) = ingest.send(asked, clock.now()).notifications
    user.email = ""
    user.save()
    drain()
    row = Notification.objects.get(pk=sent.id)
    assert row.status == "failed"
    start = Barrier(6)

    def act(number: int) -> str:
        start.wait()
        try:
            if number % 2:
                return "discarded" if changes.discard([row.id], "a test", clock.now()) else ""
            changes.replay(row, clock.now())
            return "replayed"
        except InputError:
            return ""
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        done = [what for what in pool.map(act, range(6)) if what]
    assert len(done) == 1
    assert (QueueEntry.objects.count(), Decision.objects.filter(stage="api").count()) == (done == ["replayed"], 1)
    assert not DeadLetter.objects.exists()


def test_dead_letters_go_with_their_week(as_service: Api, drain: Drain, refusing: list[Any]) -> None:
    _dead(as_service, drain, 1)
    assert DeadLetter.objects.count() == Attempt.objects.count() == 1
    partitions.drop_before(clock.now() + timedelta(days=8))
    assert (DeadLetter.objects.count(), Event.objects.count()) == (0, 0)
