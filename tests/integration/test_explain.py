"""Why did, or didn't, this reach Ann? And what would a send come to?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Retry
from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.ledger.models import Decision, Event, IdempotencyKey, Notification, QueueEntry, Request
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch

Drain = Callable[[], int]
STORED = (Request, Notification, QueueEntry, Decision, Event, IdempotencyKey)


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _body(user: User, **more: Any) -> dict[str, Any]:
    return {"subject": "Hi", "body": "Hello", "channel": "email", "user_id": str(user.id), **more}


def test_every_reason_has_a_sentence() -> None:
    assert set(REASONS) == set(Reason)
    assert all(text.endswith(".") for text in REASONS.values())


def test_what_happened_is_told_in_order(as_service: Api, ann: User, drain: Drain, carried_by: Any) -> None:
    carried_by(ChannelKey.EMAIL, ScriptedProvider(script=lambda m: Retry(why=Reason.THROTTLED)))
    identifier = as_service.post("notifications/send", _body(ann)).json()["id"]
    drain()
    as_service.post(f"notifications/{identifier}/cancel")
    found = as_service.get(f"notifications/{identifier}/explain").json()
    assert found["says"] == f"It is cancelled. {REASONS[Reason.CANCELLED]}"
    assert found["notification"]["status"] == "cancelled"
    said = [step["says"] for step in found["steps"]]
    assert said[0] == "It may go out: the recipient's preferences allow it."
    assert said[1].startswith(f"Attempt 1 did not succeed: {REASONS[Reason.THROTTLED]} Due at ")
    assert said[2] == "The caller cancelled it."
    assert [(s["stage"], s["rule"], s["outcome"]) for s in found["steps"]] == [
        ("ingest", "preferences", "allow"),
        ("settle", "attempt 1", "retry"),
        ("api", "cancel", "cancelled"),
    ]
    tries = [(a["number"], a["outcome"], a["reason"], a["target"]) for a in found["attempts"]]
    assert tries == [(1, "retry", "throttled", "a***@example.com")]


def test_a_story_is_told_to_those_who_may_see_it(as_service: Api, as_ann: Api, ann: User) -> None:
    identifier = as_service.post("notifications/send", _body(ann)).json()["id"]
    assert as_ann.get(f"notifications/{identifier}/explain").status_code == 200
    stranger = api_as(make_user())
    refused(stranger.get(f"notifications/{identifier}/explain"), 404, "notification_not_found")
    refused(as_service.get(f"notifications/{uuid4()}/explain"), 404, "notification_not_found")


def test_a_dry_run_says_what_the_send_then_does_and_leaves_nothing(
    as_service: Api, as_ann: Api, ann: User, drain: Drain
) -> None:
    Category.objects.filter(key="orders").update(dedup_window_seconds=600)
    first = as_service.post("notifications/send", _body(ann, category="orders", reference="r")).json()["id"]
    as_ann.patch("preferences", {"global": {"sms_enabled": False}})
    body = _body(ann, category="orders", reference="r", channels=["sms", "push"], priority="high")
    before = [table.objects.count() for table in STORED]
    found = as_service.post("notifications/explain", body, headers={"Idempotency-Key": "k"})
    assert found.status_code == 200, found.content
    assert [table.objects.count() for table in STORED] == before
    results = {one.pop("channel"): one for one in found.json()["results"]}
    assert {key: (one["status"], one["reason"]) for key, one in results.items()} == {
        "email": ("suppressed", "duplicate"),
        "sms": ("suppressed", "channel_off"),
        "push": ("pending", ""),
    }
    assert (results["email"]["duplicate_of"], results["sms"]["duplicate_of"]) == (first, None)
    assert results["email"]["says"] == f"{REASONS[Reason.DUPLICATE]} (of {first})"
    assert results["sms"]["says"] == f"{REASONS[Reason.CHANNEL_OFF]} (sms switched off by the person)"
    assert {(one["category"], one["priority"]) for one in results.values()} == {("orders", 2)}
    sent = as_service.post("notifications/send", body).json()["notifications"]
    assert {n["channel"]: (n["status"], n["reason"]) for n in sent} == {
        key: (one["status"], one["reason"]) for key, one in results.items()
    }


def test_a_dry_run_reads_local_times(as_service: Api, ann: User) -> None:
    there = (clock.now() + timedelta(days=2)).astimezone(ZoneInfo("Africa/Nairobi"))
    local = there.replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)
    body = _body(ann, scheduled_at=local.isoformat(), timezone="recipient")
    (one,) = as_service.post("notifications/explain", body).json()["results"]
    due = local.replace(tzinfo=ZoneInfo("Africa/Nairobi")).astimezone(ZoneInfo("UTC"))
    assert (one["status"], one["due_at"]) == ("scheduled", f"{due:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.parametrize(
    ("more", "status", "code", "pointer"),
    [
        ({"user_id": str(uuid4())}, 404, "user_not_found", "/user_id"),
        ({"category": "nope"}, 422, "category_not_found", "/category"),
        ({"body": "", "subject": ""}, 422, "no_content", "/template_path"),
        ({"template_path": "no.such", "subject": None, "body": None}, 404, "template_not_found", "/template_path"),
        ({"chanel": "x"}, 422, "invalid_input", "/chanel"),
    ],
)
def test_a_dry_run_refuses_what_a_send_refuses(
    as_service: Api, ann: User, more: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    for path in ("notifications/explain", "notifications/send"):
        refused(as_service.post(path, _body(ann, **more)), status, code, pointer)
    assert [table.objects.count() for table in STORED] == [0] * len(STORED)


def test_what_one_may_not_send_one_may_not_foresee(as_ann: Api, ann: User, staff: User) -> None:
    refused(as_ann.post("notifications/explain", _body(staff)), 403, "permission_denied")
    bypass = _body(ann, options={"bypass_preferences": True})
    refused(as_ann.post("notifications/explain", bypass), 403, "permission_denied", "/options/bypass_preferences")
