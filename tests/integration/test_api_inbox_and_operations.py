"""The inbox, dead letters, provider accounts and health through the API."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import flow
from clarion.records.accounts import book
from clarion.records.accounts.models import Account
from clarion.records.inbox import reading
from clarion.records.ledger.models import Notification, QueueEntry
from clarion.records.people.models import User
from clarion.surfaces.api.urls import ROUTES
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, template_of, watch

Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _send(api: Api, user: User, channel: str = "in_app", **more: Any) -> str:
    body = {"user_id": str(user.id), "subject": "Hi", "body": "Hello", "channel": channel, **more}
    answer = api.post("notifications/send", body)
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _filled(api: Api, user: User, drain: Drain, number: int) -> list[str]:
    """So many items in the inbox, oldest first."""
    made = []
    for _ in range(number):
        made.append(_send(api, user))
        drain()
    return made


def _counts_agree(api: Api) -> int:
    """The counter, the list and the unread items say the same; how many."""
    count = api.get("inbox/unread-count").json()
    unread = api.get("inbox?status=unread&page_size=200").json()
    assert count["count"] == count["unread_count"] == unread["unread_count"] == len(unread["results"])
    return int(count["count"])


# --- inbox


def test_an_item_is_what_was_sent(as_service: Api, as_ann: Api, ann: User, drain: Drain) -> None:
    identifier = _send(as_service, ann, category="orders", priority="high", data={"order": 7})
    drain()
    (item,) = as_ann.get("inbox/").json()["results"]
    assert (item["id"], item["title"], item["body"], item["data"]) == (identifier, "Hi", "Hello", {"order": 7})
    assert (item["category"], item["priority"], item["seq"], item["read"]) == ("orders", 2, 1, False)


def test_catching_up_gives_what_came_since_in_order(as_service: Api, as_ann: Api, ann: User, drain: Drain) -> None:
    ids = _filled(as_service, ann, drain, 5)
    assert [i["id"] for i in as_ann.get("inbox").json()["results"]] == ids[::-1]
    page = as_ann.get("inbox?since=2&page_size=2").json()
    assert [(i["seq"], i["id"]) for i in page["results"]] == [(3, ids[2]), (4, ids[3])]
    assert page["last_seq"] == 5
    assert as_ann.get("inbox?since=5").json()["results"] == []
    older = as_ann.get("inbox?page_size=2").json()
    assert older["next_before"] == 4
    assert [i["seq"] for i in as_ann.get("inbox?page_size=3&before=4").json()["results"]] == [3, 2, 1]
    assert as_ann.get(f"inbox?since={2**62}").json()["results"] == []


def test_counts_never_drift_whatever_is_read_twice(as_service: Api, as_ann: Api, ann: User, drain: Drain) -> None:
    ids = _filled(as_service, ann, drain, 6)
    assert _counts_agree(as_ann) == 6
    for path, changed, left in [
        (f"inbox/{ids[0]}/read", 1, 5),
        (f"inbox/{ids[0]}/read", 0, 5),
        (f"inbox/{ids[0]}/dismiss", 1, 5),
        (f"inbox/{ids[1]}/dismiss", 1, 4),
        (f"inbox/{ids[1]}/dismiss/", 0, 4),
        (f"inbox/{ids[1]}/read", 0, 4),
        (f"notifications/{ids[2]}/read", 1, 3),
        ("inbox/read-all", 3, 0),
        ("inbox/read-all/", 0, 0),
    ]:
        marked = as_ann.post(path).json()
        assert (marked["changed"], marked["unread_count"]) == (changed, left), path
        assert _counts_agree(as_ann) == left
    assert {i["id"] for i in as_ann.get("inbox?status=read").json()["results"]} == set(ids[2:])
    assert {n.status for n in Notification.objects.all()} == {"read"}
    _filled(as_service, ann, drain, 1)
    assert _counts_agree(as_ann) == 1


def test_other_peoples_items_and_unknown_ones_are_not_there(
    as_service: Api, as_ann: Api, as_staff: Api, ann: User, drain: Drain
) -> None:
    (identifier,) = _filled(as_service, ann, drain, 1)
    other = api_as(make_user())
    for action in ("read", "dismiss"):
        for api in (other, as_staff):
            refused(api.post(f"inbox/{identifier}/{action}"), 404, "item_not_found")
        refused(as_ann.post(f"inbox/{uuid4()}/{action}"), 404, "item_not_found")
    assert other.get("inbox").json()["results"] == []
    assert _counts_agree(as_ann) == 1
    assert reading.standing(ann.id).unread == 1


# --- dead letters


def _dead(api: Api, drain: Drain, number: int) -> list[str]:
    """Notifications whose recipients lost their address on the way."""
    made = []
    for _ in range(number):
        user = make_user(email=f"{uuid4().hex}@example.com")
        made.append(_send(api, user, "email"))
        User.objects.filter(pk=user.pk).update(email_sealed=None, email_hash=None)
    drain()
    return made


def test_dead_letters_are_listed_and_replayed_one_by_one(as_service: Api, drain: Drain) -> None:
    first, second = _dead(as_service, drain, 2)
    listed = as_service.get("dead-letters").json()["results"]
    assert [(d["id"], d["reason"]) for d in listed] == [(second, "no_address"), (first, "no_address")]
    assert as_service.get("dead-letters?channel=sms").json()["results"] == []
    assert len(as_service.get("dead-letters?channel=email&reason=no_address").json()["results"]) == 2
    user = User.objects.get(pk=Notification.objects.get(pk=first).user_id)
    user.email = "back@example.com"
    user.save()
    answer = as_service.post(f"dead-letters/{first}/replay")
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    refused(as_service.post(f"dead-letters/{first}/replay"), 404, "dead_letter_not_found")
    drain()
    detail = as_service.get(f"notifications/{first}").json()
    assert detail["status"] == "delivered"
    assert "replay" in [d["rule"] for d in detail["decisions"]]
    assert [d["id"] for d in as_service.get("dead-letters").json()["results"]] == [second]


def test_many_are_replayed_at_once_and_the_others_are_named(as_service: Api, drain: Drain) -> None:
    dead = _dead(as_service, drain, 3)
    unknown = str(uuid4())
    answer = as_service.post("dead-letters/replay", {"ids": [dead[0], unknown, dead[1], dead[0]]})
    done = answer.json()
    assert (answer.status_code, done["replayed"]) == (200, 2)
    assert [(e["pointer"], e["code"]) for e in done["errors"]] == [
        ("/ids/1", "dead_letter_not_found"),
        ("/ids/3", "not_a_dead_letter"),
    ]
    assert QueueEntry.objects.count() == 2
    refused(as_service.post("dead-letters/replay", {"ids": []}), 422, "invalid_input", "/ids")
    refused(as_service.post("dead-letters/replay", {"ids": ["x"]}), 422, "invalid_input", "/ids/0")


# --- provider accounts


def _look_again() -> None:
    """What REFRESH_SECONDS does: workers read the accounts anew."""
    for slots in flow._slots.values():
        for slot in slots:
            slot.carriers.forget()


def test_accounts_are_shown_without_secrets(as_staff: Api) -> None:
    book.mirror({ChannelKey.EMAIL: ["smtp://canary-user:canary-pass@mail.example.com:587?tls=starttls"]})
    answer = as_staff.get("providers")
    names = {a["name"]: (a["provider"], a["state"]) for a in answer.json()["results"]}
    assert names["email.smtp-mail.example.com"] == ("smtp", "active")
    assert names["in_app.inapp"] == ("inapp", "active")
    assert b"canary" not in answer.content


def test_what_has_no_account_but_a_paused_one_waits_and_does_not_fail(as_staff: Api, ann: User, drain: Drain) -> None:
    assert as_staff.post("providers/sms.sandbox/pause").json()["state"] == "paused"
    _look_again()
    identifier = _send(as_staff, ann, "sms")
    drain()
    waiting = as_staff.get(f"notifications/{identifier}").json()
    assert waiting["status"] == "pending"
    assert {a["reason"] for a in waiting["attempts"]} <= {"no_provider"}
    assert as_staff.get("dead-letters").json()["results"] == []
    assert as_staff.post("providers/sms.sandbox/resume/").json()["state"] == "active"
    _look_again()
    QueueEntry.objects.update(due_at=Notification.objects.get(pk=identifier).created_at)
    drain()
    assert as_staff.get(f"notifications/{identifier}/status").json()["status"] == "delivered"


def test_however_long_an_account_is_paused_its_work_does_not_fail(as_staff: Api, ann: User, drain: Drain) -> None:
    as_staff.post("providers/sms.sandbox/pause")
    identifier = _send(as_staff, ann, "sms")
    for _ in range(12):
        _look_again()
        QueueEntry.objects.update(due_at=Notification.objects.get(pk=identifier).created_at)
        drain()
    assert as_staff.get(f"notifications/{identifier}/status").json()["status"] == "pending"


def test_resuming_clears_a_fault(as_staff: Api) -> None:
    Account.objects.filter(channel="sms").update(fault="refused our login", fault_at="2026-01-01T00:00:00Z")
    before = next(a for a in as_staff.get("providers").json()["results"] if a["channel"] == "sms")
    assert (before["state"], before["fault"]) == ("faulty", "refused our login")
    after = as_staff.post("providers/sms.sandbox/resume").json()
    assert (after["state"], after["fault"], after["fault_at"]) == ("active", "", None)


def test_probing_says_whether_an_account_works_and_sends_nothing(as_staff: Api) -> None:
    good = as_staff.post("providers/sms.sandbox/probe").json()
    assert good["ok"] is True
    book.mirror({ChannelKey.EMAIL: ["smtp://canary-user:canary-pass@127.0.0.1:1?tls=none"]})
    answer = as_staff.post("providers/email.smtp-127.0.0.1/probe")
    assert (answer.status_code, answer.json()["ok"]) == (200, False)
    assert b"canary" not in answer.content
    refused(as_staff.post("providers/email.nobody/probe"), 404, "provider_not_found")
    assert Notification.objects.count() == 0


# --- health


def test_alive_is_alive_without_anything_else(client: Client) -> None:
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_without_workers_it_is_not_ready_and_says_what_to_do(ground: None, client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unready")
    checks = {c["name"]: c for c in answer.json()["checks"]}
    assert {name: c["ok"] for name, c in checks.items() if name in ("database", "redis", "partitions", "broker")} == {
        "database": True,
        "redis": True,
        "partitions": True,
        "broker": True,
    }
    assert (checks["workers"]["ok"], checks["scheduler"]["ok"]) == (False, False)
    assert "clarion worker" in checks["workers"]["detail"]
    assert "clarion beat" in checks["scheduler"]["detail"]


def test_the_health_of_the_e_commerce_document_counts_the_last_hour_and_day(
    anonymous: Api, as_service: Api, ann: User, drain: Drain
) -> None:
    _send(as_service, ann, "sms")
    drain()
    _dead(as_service, drain, 1)
    _send(as_service, ann, "push")
    health = anonymous.get("core/health/").json()
    assert health["status"] == "degraded"
    for period in ("last_hour", "last_day"):
        assert health["notifications"][period] == {"total": 3, "sent": 1, "failed": 1}


# --- every route


def test_the_trailing_slash_is_optional_everywhere(as_service: Api) -> None:
    for route, view in ROUTES.items():
        path = template_of(route).lstrip("/").replace("{name}", "sms.sandbox").replace("{user_id}", str(uuid4()))
        path = path.replace("{number}", "1").replace("{id}", "1" if route.startswith("categories") else str(uuid4()))
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                body = None if method == "get" else {}
                plain, slashed = (as_service.call(method, p, body=body) for p in (path, f"{path}/"))
                assert plain.status_code == slashed.status_code, (route, method)
                # a callback's address that nobody has looks like no path at all
                assert slashed.streaming or route.startswith("hooks/") or b'"not_found"' not in slashed.content, route
