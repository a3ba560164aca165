"""Categories and preferences through the API, and what they do to sends."""

from collections.abc import Callable
from typing import Any

import pytest

from clarion.records.categories.models import Category
from clarion.records.ledger.models import Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.preferences.models import CategoryPreference, GlobalPreference
from clarion.surfaces.api.authentication import memory
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch

CHANNELS = ("email", "sms", "push", "in_app", "websocket", "webhook", "chat")


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _send(api: Api, user: User, **more: Any) -> Any:
    body = {"user_id": str(user.id), "subject": "Hi", "body": "Hello", "channel": "email", **more}
    return api.post("notifications/send", body)


def _consent(api: Api) -> None:
    assert api.patch("preferences", {"global": {"marketing_enabled": True}}).status_code == 200


# --- categories


def test_a_category_is_made_changed_and_found_by_key_and_by_id(as_staff: Api, as_ann: Api, ann: User) -> None:
    made = as_staff.post("categories", {"key": "news", "name": "News", "kind": "marketing", "default_priority": 4})
    assert made.status_code == 201
    identifier = made.json()["id"]
    assert as_ann.get(f"categories/{identifier}").json() == made.json()
    assert "news" in [c["key"] for c in as_ann.get("categories").json()["results"]]
    _consent(as_ann)
    for name in ("news", identifier):
        sent = _send(as_staff, ann, category=name)
        assert sent.status_code == 201
        assert Notification.objects.get(pk=sent.json()["id"]).category_id == identifier
        assert Notification.objects.get(pk=sent.json()["id"]).priority == 4
    changed = as_staff.patch(f"categories/{identifier}", {"essential": True, "default_channels": ["sms"]}).json()
    assert changed == {**made.json(), "essential": True, "default_channels": ["sms"]}
    refused(as_staff.patch(f"categories/{identifier}", {"key": "other"}), 422, "invalid_input", "/key")
    assert Category.objects.get(pk=identifier).key == "news"


# --- preferences


def test_the_defaults_are_shown_under_the_names_of_the_guide(as_ann: Api) -> None:
    found = as_ann.get("preferences").json()
    effective = found.pop("effective")
    assert effective["global"]["marketing_enabled"] == {"value": False, "from": "consent", "rule": "consent"}
    assert effective["global"]["sms_enabled"] == {"value": True, "from": "default", "rule": "channel"}
    assert found == {
        "global": {
            "notifications_enabled": True,
            "marketing_enabled": False,  # nobody consented
            **{f"{channel}_enabled": True for channel in CHANNELS},
            "quiet_hours_enabled": False,
            "quiet_hours_start": "22:00",
            "quiet_hours_end": "08:00",
            "quiet_hours_days": {},
            "digest_frequency": "immediate",
            "digest_time": "08:00",
            "digest_weekday": "monday",
            "max_per_day": None,
            "data_processing_consent": True,
        },
        "categories": {},
        "templates": {},
        "set": {"global": {}, "categories": {}, "templates": {}},
        "timezone": "Africa/Nairobi",
        "version": 0,
    }
    assert GlobalPreference.objects.count() == 0


def test_patch_changes_what_is_given_and_put_replaces_all(as_ann: Api) -> None:
    as_ann.patch("preferences", {"global": {"email_enabled": False}, "categories": {"orders": {"sms_enabled": False}}})
    after = as_ann.patch(
        "preferences", {"global": {"push_enabled": False}, "categories": {"orders": {"email_enabled": True}}}
    ).json()
    switches = {name: on for name, on in after["set"]["global"].items() if not on}
    assert switches == {"email_enabled": False, "push_enabled": False}
    assert after["categories"] == {"orders": {"sms_enabled": False, "email_enabled": True}}
    replaced = as_ann.put("preferences", {"categories": {"marketing": {"enabled": False}}}).json()
    assert replaced["set"]["global"] == {}
    assert all(replaced["global"][f"{channel}_enabled"] for channel in CHANNELS)
    assert replaced["categories"] == {"marketing": {"enabled": False}}
    assert as_ann.get("preferences/").json() == replaced


def test_staff_see_and_change_anybodys(as_staff: Api, as_ann: Api, ann: User) -> None:
    as_staff.patch(f"users/{ann.id}/preferences", {"global": {"notifications_enabled": False}})
    assert as_ann.get("preferences").json()["global"]["notifications_enabled"] is False
    assert as_staff.get(f"users/{ann.id}/preferences").json() == as_ann.get("preferences").json()
    as_staff.put(f"users/{ann.id}/preferences", {})
    assert as_ann.get("preferences").json()["global"]["notifications_enabled"] is True


def test_one_who_is_gone_changes_nothing_with_a_remembered_token(as_ann: Api, ann: User) -> None:
    assert as_ann.get("preferences").status_code == 200
    remembered = dict(memory._known)
    ann.delete()
    memory._known.update(remembered)
    refused(as_ann.patch("preferences", {"global": {"email_enabled": False}}), 404, "user_not_found")
    refused(as_ann.get("me"), 404, "user_not_found")
    refused(as_ann.post("api-keys", {"name": "x", "scopes": ["send"]}), 404, "user_not_found")
    assert (GlobalPreference.objects.count(), CategoryPreference.objects.count()) == (0, 0)


# --- what they do to a send

SWITCHED_OFF: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "everything": ({"global": {"notifications_enabled": False}}, {}, "global_off"),
    "the channel": ({"global": {"email_enabled": False}}, {}, "channel_off"),
    "the category": ({"categories": {"orders": {"enabled": False}}}, {"category": "orders"}, "category_off"),
    "the category's channel": (
        {"categories": {"orders": {"email_enabled": False}}},
        {"category": "orders"},
        "category_off",
    ),
    "marketing": ({"global": {"marketing_enabled": False}}, {"category": "marketing"}, "marketing_off"),
    "marketing, critical": (
        {"global": {"marketing_enabled": False}},
        {"category": "marketing", "priority": "critical"},
        "marketing_off",
    ),
    "the channel, high": ({"global": {"email_enabled": False}}, {"priority": "high"}, "channel_off"),
    "everything, medium": ({"global": {"notifications_enabled": False}}, {"priority": "medium"}, "global_off"),
    "marketing by sms was never switched on": ({}, {"category": "marketing", "channel": "sms"}, "channel_off"),
}
LET_THROUGH: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "critical through a disabled channel": ({"global": {"email_enabled": False}}, {"priority": "critical"}),
    "critical through everything off": ({"global": {"notifications_enabled": False}}, {"priority": 1}),
    "high through everything off": ({"global": {"notifications_enabled": False}}, {"priority": "high"}),
    "an essential category": (
        {
            "global": {"notifications_enabled": False, "email_enabled": False},
            "categories": {"security": {"enabled": False}},
        },
        {"category": "security"},
    ),
    "another channel": ({"global": {"sms_enabled": False}}, {}),
    "another category": ({"categories": {"orders": {"enabled": False}}}, {"category": "general"}),
    "marketing by sms that was switched on": (
        {"categories": {"marketing": {"sms_enabled": True}}},
        {"category": "marketing", "channel": "sms"},
    ),
}


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "key-1"}], ids=["plain", "under a key"])
@pytest.mark.parametrize("name", SWITCHED_OFF)
def test_what_is_switched_off_is_answered_403_with_the_decision_on_record(
    as_service: Api, as_staff: Api, as_ann: Api, ann: User, name: str, headers: dict[str, str]
) -> None:
    wishes, more, reason = SWITCHED_OFF[name]
    _consent(as_ann)
    as_staff.patch(f"users/{ann.id}/preferences", wishes)  # staff turn the switch and leave the consent
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channel": "email", **more}
    problem = refused(as_service.post("notifications/send", body, headers=headers), 403, "opted_out")
    assert reason in problem["detail"]
    (identifier,) = problem["notifications"]
    detail = as_service.get(f"notifications/{identifier}").json()
    assert (detail["status"], detail["reason"]) == ("suppressed", reason)
    assert [(d["stage"], d["outcome"], d["reason"]) for d in detail["decisions"]] == [("ingest", "suppress", reason)]
    assert QueueEntry.objects.count() == 0


def test_after_403_under_a_key_the_key_is_free(as_service: Api, as_ann: Api, ann: User) -> None:
    as_ann.patch("preferences", {"global": {"email_enabled": False}})
    headers = {"Idempotency-Key": "key-1"}
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channel": "email"}
    refused(as_service.post("notifications/send", body, headers=headers), 403, "opted_out")
    as_ann.patch("preferences", {"global": {"email_enabled": True}})
    assert as_service.post("notifications/send", body, headers=headers).status_code == 201


@pytest.mark.parametrize("name", LET_THROUGH)
def test_what_the_rules_let_through_goes_out(
    as_service: Api, as_ann: Api, ann: User, drain: Callable[[], int], name: str
) -> None:
    wishes, more = LET_THROUGH[name]
    _consent(as_ann)
    as_ann.patch("preferences", wishes)
    sent = _send(as_service, ann, **more)
    assert sent.status_code == 201, sent.content
    drain()
    assert as_service.get(f"notifications/{sent.json()['id']}/status").json()["status"] == "delivered"


def test_bypassing_needs_its_permission(as_service: Api, as_ann: Api, ann: User, drain: Callable[[], int]) -> None:
    as_ann.patch("preferences", {"global": {"notifications_enabled": False}})
    options = {"options": {"bypass_preferences": True}}
    small = api_as(make_user(permissions=["send", "send_others"]))
    refused(_send(small, ann, **options), 403, "permission_denied", "/options/bypass_preferences")
    assert Notification.objects.count() == 0
    sent = _send(as_service, ann, **options)
    assert sent.status_code == 201
    drain()
    detail = as_service.get(f"notifications/{sent.json()['id']}").json()
    assert detail["status"] == "delivered"
    assert detail["decisions"][0]["rule"] == "bypass"


def test_what_is_switched_off_while_it_waits_is_held_back(
    as_service: Api, as_ann: Api, ann: User, drain: Callable[[], int]
) -> None:
    sent = _send(as_service, ann).json()
    as_ann.patch("preferences", {"global": {"email_enabled": False}})
    drain()
    detail = as_service.get(f"notifications/{sent['id']}").json()
    assert (detail["status"], detail["reason"], detail["attempts"]) == ("suppressed", "channel_off", [])


def test_of_several_channels_the_allowed_ones_go_out(as_service: Api, as_ann: Api, ann: User) -> None:
    as_ann.patch("preferences", {"global": {"email_enabled": False}})
    sent = _send(as_service, ann, channel=None, channels=["email", "sms"])
    assert sent.status_code == 201
    found = {n["channel"]: (n["status"], n["reason"]) for n in sent.json()["notifications"]}
    assert found == {"email": ("suppressed", "channel_off"), "sms": ("pending", "")}
    assert sent.json()["id"] == next(n["id"] for n in sent.json()["notifications"] if n["channel"] == "sms")


def test_without_a_channel_it_goes_to_those_the_person_prefers(as_service: Api, as_ann: Api, ann: User) -> None:
    def channels() -> list[str]:
        return [n["channel"] for n in _send(as_service, ann, channel=None).json()["notifications"]]

    assert channels() == ["email"]
    as_ann.patch("preferences", {"global": {"email_enabled": False}})
    assert channels() == ["push"]
    as_ann.patch("me", {"preferred_channels": ["sms", "email", "chat"]})
    assert channels() == ["sms", "chat"]
    as_ann.patch("preferences", {"global": {f"{c}_enabled": False for c in CHANNELS}})
    refused(_send(as_service, ann, channel=None), 403, "opted_out")
    assert [n.channel for n in Notification.objects.filter(status="suppressed")] == ["sms"]
    bare = make_user(reachable=False, preferred_channels=["email", "sms"])
    refused(_send(as_service, bare, channel=None), 422, "no_address", "/user_id")
