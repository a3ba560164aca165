"""Preferences as they are set, shown, changed at once, written into history, and taken in by the thousand."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from clarion.contract.input_error import InputError
from clarion.records.categories.models import Category
from clarion.records.consents.models import Record
from clarion.records.ledger.models import Decision
from clarion.records.people.models import User
from clarion.records.preferences import store
from clarion.records.preferences.models import CategoryPreference, GlobalPreference, PreferenceChange
from clarion.records.preferences.rules import RULES_VERSION
from clarion.records.preferences.store import Preferences, Switches
from clarion.surfaces.api import preferences_import
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch

NOTHING = Switches()
CONTENT = {"email": {"default": {"subject": "Hi", "text": "There"}}}


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _stored() -> tuple[int, int, int]:
    return GlobalPreference.objects.count(), CategoryPreference.objects.count(), PreferenceChange.objects.count()


# --- what is set, and what it comes to


def test_a_value_is_shown_with_where_it_is_from(as_ann: Api, as_staff: Api, settings: LazySettings) -> None:
    settings.PREFERENCES_OFF = frozenset({"push"})
    news = as_staff.post(
        "categories", {"key": "news", "name": "News", "default_enabled": False, "channel_defaults": {"chat": False}}
    ).json()
    assert (news["default_enabled"], news["channel_defaults"]) == (False, {"chat": False})
    as_ann.patch("preferences", {"global": {"sms_enabled": False}, "categories": {"news": {"email_enabled": True}}})
    found = as_ann.get("preferences?category=news,orders,security").json()
    assert found["set"] == {
        "global": {"sms_enabled": False},
        "categories": {"news": {"email_enabled": True}},
        "templates": {},
    }
    effective = found["effective"]
    assert effective["global"]["push_enabled"] == {"value": False, "from": "deployment", "rule": "channel"}
    assert effective["global"]["sms_enabled"] == {"value": False, "from": "set", "rule": "channel"}
    assert found["global"]["push_enabled"] is False
    news = effective["categories"]["news"]
    assert news["email_enabled"] == {"value": True, "from": "set", "rule": "preferences"}
    assert news["in_app_enabled"] == {"value": False, "from": "category", "rule": "category"}
    assert news["chat_enabled"] == {"value": False, "from": "category", "rule": "channel"}
    assert effective["categories"]["orders"]["email_enabled"] == {
        "value": True,
        "from": "default",
        "rule": "preferences",
    }
    assert effective["categories"]["security"]["sms_enabled"] == {
        "value": True,
        "from": "category",
        "rule": "essential",
    }


def test_null_takes_away_what_was_set(as_ann: Api) -> None:
    as_ann.patch("preferences", {"global": {"sms_enabled": False, "max_per_day": 3, "digest_frequency": "daily"}})
    as_ann.patch("preferences", {"categories": {"orders": {"enabled": False}}})
    left = as_ann.patch(
        "preferences",
        {
            "global": {"sms_enabled": None, "max_per_day": None, "digest_frequency": None},
            "categories": {"orders": {"enabled": None}},
        },
    ).json()
    assert left["set"] == {"global": {}, "categories": {}, "templates": {}}
    assert (left["global"]["sms_enabled"], left["global"]["digest_frequency"]) == (True, "immediate")
    assert CategoryPreference.objects.count() == 0


def test_quiet_hours_and_digests_keep_what_a_later_change_does_not_name(as_ann: Api) -> None:
    as_ann.patch("preferences", {"global": {"quiet_hours_enabled": True, "quiet_hours_start": "21:00:00"}})
    as_ann.patch(
        "preferences",
        {"global": {"quiet_hours_end": "06:30", "quiet_hours_days": {"sunday": {"start": "20:00", "end": "10:00"}}}},
    )
    general = as_ann.patch("preferences", {"global": {"digest_frequency": "weekly", "digest_weekday": "friday"}}).json()
    shown = {name: value for name, value in general["global"].items() if name.startswith(("quiet", "digest"))}
    assert shown == {
        "quiet_hours_enabled": True,
        "quiet_hours_start": "21:00:00",
        "quiet_hours_end": "06:30",
        "quiet_hours_days": {"sunday": {"start": "20:00", "end": "10:00"}},
        "digest_frequency": "weekly",
        "digest_time": "08:00",
        "digest_weekday": "friday",
    }


def test_a_template_is_switched_off_by_its_path(as_ann: Api, as_service: Api, ann: User) -> None:
    for path in ("order.shipped", "order.placed"):
        made = as_service.post(
            "templates",
            {
                "path": path,
                "name": path,
                "category": "orders",
                "content": CONTENT,
            },
        )
        assert made.status_code == 201, made.content
    shown = as_ann.patch("preferences", {"templates": {"order.shipped": False}}).json()
    assert shown["templates"] == {"order.shipped": False}
    body = {"user_id": str(ann.id), "channel": "email", "template_path": "order.shipped"}
    problem = refused(as_service.post("notifications/send", body), 403, "opted_out")
    assert "template_off" in problem["detail"]
    assert as_service.post("notifications/send", {**body, "template_path": "order.placed"}).status_code == 201
    assert as_service.post("notifications/send", {**body, "priority": "critical"}).status_code == 201
    assert as_ann.get("preferences/history").json()["results"][0]["after"] == {"templates": {"order.shipped": False}}


# --- what is impossible

IMPOSSIBLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "a category": ({"categories": {"nope": {"enabled": False}}}, "category_not_found", "/categories/nope"),
    "a category with a slash": ({"categories": {"a/b": {}}}, "category_not_found", "/categories/a~1b"),
    "a template": ({"templates": {"no.such": False}}, "template_not_found", "/templates/no.such"),
    "a channel": ({"global": {"fax_enabled": False}}, "unknown_field", "/global/fax_enabled"),
    "a channel of a category": (
        {"categories": {"orders": {"fax_enabled": False}}},
        "unknown_field",
        "/categories/.../fax_enabled",
    ),
    "a time": ({"global": {"quiet_hours_start": "25:00"}}, "invalid_time", "/global/quiet_hours_start"),
    "no time": ({"global": {"digest_time": "soon"}}, "invalid_time", "/global/digest_time"),
    "quiet hours of no length": (
        {"global": {"quiet_hours_start": "08:00", "quiet_hours_end": "08:00"}},
        "zero_length",
        "/global/quiet_hours_end",
    ),
    "a weekday": ({"global": {"digest_weekday": "someday"}}, "invalid_value", "/global/digest_weekday"),
    "a frequency": ({"global": {"digest_frequency": "yearly"}}, "invalid_value", "/global/digest_frequency"),
    "a switch": ({"global": {"email_enabled": "no"}}, "wrong_type", "/global/email_enabled"),
    "a number": ({"global": {"max_per_day": 0}}, "out_of_bounds", "/global/max_per_day"),
}


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_is_impossible_is_refused_and_nothing_is_stored(as_ann: Api, name: str, method: str) -> None:
    wrong, code, pointer = IMPOSSIBLE[name]
    good = {"global": {"sms_enabled": False}, "categories": {"orders": {"enabled": False}}}
    body = {key: {**good.get(key, {}), **wrong.get(key, {})} for key in {*good, *wrong}}
    answer = as_ann.call(method, "preferences", body)
    assert answer.status_code == 422
    (field,) = answer.json()["errors"]
    assert (field["code"], field["pointer"]) == (code, pointer)
    assert _stored() == (0, 0, 0)


def test_an_unknown_zone_is_refused_where_the_person_sets_it(as_ann: Api, ann: User) -> None:
    refused(as_ann.patch("me", {"timezone": "Mars/Base"}), 422, "invalid_timezone", "/timezone")
    assert User.objects.get(pk=ann.id).timezone == "Africa/Nairobi"


def test_ten_thousand_categories_are_answered_in_bounds(as_ann: Api, ann: User) -> None:
    Category.objects.bulk_create(Category(key=f"c{n:05}", name=f"C{n}") for n in range(10_000))
    as_ann.patch("preferences", {"categories": {"c09999": {"enabled": False}}})
    answer = as_ann.get("preferences")
    found = answer.json()
    assert len(found["effective"]["categories"]) == 100
    assert found["effective"]["categories"]["c09999"]["email_enabled"]["value"] is False
    assert found["effective"]["left_out"] == 10_004 - 100
    assert len(answer.content) < 100_000
    chosen = as_ann.get("preferences?category=c05000,c00001").json()["effective"]
    assert sorted(chosen["categories"]) == ["c00001", "c05000"]
    many = {f"c{n:05}": {"enabled": False} for n in range(501)}
    assert as_ann.patch("preferences", {"categories": many}).status_code == 422
    for first in (0, 500):
        part = {f"c{n:05}": {"enabled": False} for n in range(first, first + 500)}
        answer = as_ann.patch("preferences", {"categories": part})
    refused(answer, 422, "too_many_categories", "/categories")
    assert CategoryPreference.objects.count() == 501


# --- changes at once


def test_with_if_match_a_change_is_made_only_if_nobody_changed_anything_since(as_ann: Api) -> None:
    first = as_ann.get("preferences")
    assert (first["ETag"], first.json()["version"]) == ('"0"', 0)
    after = as_ann.patch("preferences", {"global": {"sms_enabled": False}}, headers={"If-Match": first["ETag"]})
    assert (after.status_code, after["ETag"]) == (200, '"1"')
    late = as_ann.patch("preferences", {"global": {"email_enabled": False}}, headers={"If-Match": first["ETag"]})
    refused(late, 412, "version_mismatch")
    refused(as_ann.put("preferences", {}, headers={"If-Match": '"x"'}), 412, "version_mismatch")
    assert as_ann.get("preferences").json()["set"]["global"] == {"sms_enabled": False}
    same = as_ann.patch("preferences", {"global": {"sms_enabled": False}}, headers={"If-Match": "*"})
    assert same["ETag"] == '"1"'
    assert PreferenceChange.objects.count() == 1


def test_changes_at_once_lose_nothing(real_ground: None) -> None:
    ann = make_user()
    channels = ["email", "sms", "push", "in_app", "webhook", "chat"]
    start = Barrier(len(channels))

    def switch(channel: str) -> None:
        try:
            start.wait()
            given = Preferences(
                general=Switches(channels={channel: False}), categories={"orders": Switches(channels={channel: False})}
            )
            store.change(ann.id, given, replace=False, source="api", actor="system")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(channels)) as pool:
        list(pool.map(switch, channels))
    every = dict.fromkeys(channels, False)
    assert GlobalPreference.objects.get(pk=ann.id).channels == every
    assert CategoryPreference.objects.get(user=ann).channels == every
    assert GlobalPreference.objects.get(pk=ann.id).version == len(channels)
    assert PreferenceChange.objects.count() == len(channels)


# --- history


def test_every_change_leaves_who_when_which_door_and_what(as_ann: Api, as_staff: Api, ann: User, staff: User) -> None:
    as_ann.patch("preferences", {"global": {"email_enabled": False}, "categories": {"orders": {"sms_enabled": True}}})
    as_staff.patch(
        f"users/{ann.id}/preferences", {"global": {"email_enabled": True}, "reason": "asked by phone, ticket 7"}
    )
    as_ann.put("preferences", {})
    as_ann.put("preferences", {})
    newest, middle, oldest = as_ann.get("preferences/history").json()["results"]
    assert (oldest["source"], oldest["by"]) == ("preferences", f"user:{ann.id}")
    assert oldest["before"] == {"global": {"email_enabled": None}, "categories": {"orders": {"sms_enabled": None}}}
    assert oldest["after"] == {"global": {"email_enabled": False}, "categories": {"orders": {"sms_enabled": True}}}
    assert (middle["source"], middle["by"]) == ("staff", f"user:{staff.id}")
    assert (middle["reason"], middle["after"]) == ("asked by phone, ticket 7", {"global": {"email_enabled": True}})
    assert newest["after"] == {"global": {"email_enabled": None}, "categories": {"orders": {"sms_enabled": None}}}
    assert as_staff.get(f"users/{ann.id}/preferences/history").json() == as_ann.get("preferences/history").json() | {}
    refused(api_as(make_user()).get(f"users/{ann.id}/preferences/history"), 404, "user_not_found")


def test_history_cannot_be_rewritten_and_goes_with_its_person(as_ann: Api, ann: User) -> None:
    as_ann.patch("preferences", {"global": {"email_enabled": False}})
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PreferenceChange.objects.update(source="api")
    ann.delete()
    assert PreferenceChange.objects.count() == 0


# --- marketing, and the consent that goes with it


def test_only_the_person_gives_consent_by_turning_the_switch(as_ann: Api, as_staff: Api, ann: User) -> None:
    as_staff.patch(f"users/{ann.id}/preferences", {"global": {"marketing_enabled": True}})
    assert as_ann.get("preferences").json()["global"]["marketing_enabled"] is False
    assert Record.objects.count() == 0
    on = as_ann.patch("preferences", {"global": {"marketing_enabled": True}}).json()
    assert on["global"]["marketing_enabled"] is True
    off = as_ann.patch("preferences", {"global": {"marketing_enabled": False}}).json()
    assert off["global"]["marketing_enabled"] is False
    told = [(r.purpose, r.given, r.source, r.actor) for r in Record.objects.order_by("id")]
    assert told == [
        ("marketing", True, "preferences", f"user:{ann.id}"),
        ("marketing", False, "preferences", f"user:{ann.id}"),
    ]


def test_putting_back_what_was_shown_agrees_to_nothing(as_ann: Api) -> None:
    shown = as_ann.get("preferences").json()
    back = as_ann.put("preferences", {"global": shown["global"], "categories": shown["categories"]})
    assert back.status_code == 200
    assert back.json()["global"] == shown["global"]
    assert Record.objects.count() == 0


def test_withdrawing_the_consent_to_processing_stops_all_but_essential(as_ann: Api, as_staff: Api, ann: User) -> None:
    as_ann.patch("preferences", {"global": {"data_processing_consent": False}})
    sent = {"user_id": str(ann.id), "subject": "a", "body": "b", "channel": "email"}
    refused(as_staff.post("notifications/send", {**sent, "priority": "critical"}), 403, "opted_out")
    assert as_staff.post("notifications/send", {**sent, "category": "security"}).status_code == 201
    answer = as_staff.patch(f"users/{ann.id}/preferences", {"global": {"data_processing_consent": True}})
    refused(answer, 422, "consent_not_own", "/global/data_processing_consent")
    assert as_ann.get("preferences").json()["global"]["data_processing_consent"] is False


def test_a_bypass_is_on_record_with_who_asked_for_it(as_ann: Api, as_staff: Api, ann: User, staff: User) -> None:
    as_ann.patch("preferences", {"global": {"notifications_enabled": False}})
    body = {"user_id": str(ann.id), "subject": "a", "body": "b", "channel": "email"}
    sent = as_staff.post("notifications/send", {**body, "options": {"bypass_preferences": True}})
    (decision, *_) = as_staff.get(f"notifications/{sent.json()['id']}").json()["decisions"]
    assert (decision["rule"], decision["detail"]) == ("bypass", f"asked for by user {staff.id}")


# --- import


def _import(api: Api, *lines: Any) -> Any:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return api._client.post(
        "/api/v1/preferences/import?reason=moved",
        data=text.encode(),
        content_type="application/x-ndjson",
        headers=api._headers,
    )


def test_an_import_takes_what_it_can_and_says_what_it_cannot(as_staff: Api, as_ann: Api, ann: User) -> None:
    other = make_user()
    lines = (
        {"external_id": "ann", "global": {"sms_enabled": False, "digest_frequency": "daily"}},
        {"user_id": str(other.id), "categories": {"orders": {"push_enabled": False}}},
        {"external_id": "nobody", "global": {"sms_enabled": False}},
        "not json",
        {"user_id": str(uuid4()), "global": {"sms_enabled": False}},
        {"global": {"sms_enabled": False}},
        {"external_id": "ann", "global": {"email_enabled": False}},
    )
    done = _import(as_staff, *lines)
    assert done.status_code == 200, done.content
    assert {k: v for k, v in done.json().items() if k != "errors"} == {"changed": 2, "unchanged": 0, "refused": 5}
    assert [(e["pointer"], e["code"]) for e in done.json()["errors"]] == [
        ("/1", "duplicate_user"),
        ("/3", "user_not_found"),
        ("/4", "malformed_line"),
        ("/5", "user_not_found"),
        ("/6", "invalid_line"),
    ]
    assert as_ann.get("preferences").json()["set"]["global"] == {"email_enabled": False}
    change = as_ann.get("preferences/history").json()["results"][0]
    assert (change["source"], change["reason"]) == ("import", "moved")
    again = _import(as_staff, *lines[1:2])
    assert again.json() == {"changed": 0, "unchanged": 1, "refused": 0, "errors": []}


def test_a_bad_wish_rejects_its_line_alone(as_staff: Api, ann: User, settings: LazySettings) -> None:
    settings.CONSENT_REQUIRED = frozenset({"processing"})
    other, third = make_user(), make_user()
    done = _import(
        as_staff,
        {"user_id": str(ann.id), "global": {"quiet_hours_start": "08:00", "quiet_hours_end": "08:00"}},
        {"user_id": str(other.id), "global": {"sms_enabled": False}},
        {"user_id": str(third.id), "categories": {"nope": {}}},
        {"user_id": str(third.id), "global": {"data_processing_consent": True}},
    ).json()
    assert (done["changed"], done["unchanged"], done["refused"]) == (1, 0, 3)
    assert [(e["pointer"], e["code"]) for e in done["errors"]] == [
        ("/1/global/quiet_hours_end", "zero_length"),
        ("/3/categories/nope", "category_not_found"),
        ("/4/global/data_processing_consent", "consent_not_own"),
    ]
    assert [row.pk for row in GlobalPreference.objects.all()] == [other.id]


def test_an_import_makes_no_query_for_each_row(as_staff: Api) -> None:
    people = User.objects.bulk_create(User(external_id=f"x{n}", password="!") for n in range(300))

    def queries(number: int, wish: dict[str, Any]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            done = _import(as_staff, *({"user_id": str(p.id), **wish} for p in people[:number]))
        assert done.json()["changed"] == number, done.json()
        return len(captured)

    few = queries(3, {"global": {"sms_enabled": False}, "categories": {"orders": {"email_enabled": False}}})
    many = queries(300, {"global": {"sms_enabled": True}, "categories": {"orders": {"email_enabled": True}}})
    assert many <= few + 2


def test_an_import_is_in_pages_of_a_transaction_each(as_staff: Api, monkeypatch: pytest.MonkeyPatch, ann: User) -> None:
    monkeypatch.setattr(preferences_import, "PAGE", 1)
    other = make_user()
    done = _import(
        as_staff,
        {"external_id": "ann", "global": {"sms_enabled": False}},
        {"user_id": str(other.id), "global": {"sms_enabled": False}},
        {"external_id": "ann", "global": {"email_enabled": False}},
    )
    assert (done.json()["changed"], done.json()["refused"]) == (3, 0)
    assert GlobalPreference.objects.get(pk=ann.id).channels == {"sms": False, "email": False}


def test_importing_needs_staff(as_ann: Api, ann: User) -> None:
    refused(_import(as_ann, {"external_id": "ann", "global": {"sms_enabled": False}}), 403, "permission_denied")
    assert _stored() == (0, 0, 0)


def test_one_who_is_gone_changes_nothing(ground: None) -> None:
    with pytest.raises(InputError, match="no user"):
        store.change(uuid4(), Preferences(general=NOTHING, categories={}), replace=True, source="api", actor="system")
    assert _stored() == (0, 0, 0)


def test_decisions_name_the_version_of_the_rules(as_ann: Api, as_staff: Api, ann: User) -> None:
    body = {"user_id": str(ann.id), "subject": "a", "body": "b"}
    for channels in (["email"], ["email", "sms"]):
        sent = as_staff.post("notifications/send", {**body, "channels": channels})
        steps = as_staff.get(f"notifications/{sent.json()['id']}/explain").json()["steps"]
        assert [step["rules"] for step in steps] == [RULES_VERSION]
    listed = as_staff.post(
        "notifications/bulk",
        {"recipients": [{"user_id": str(ann.id)}], "subject": "a", "body": "b", "channel": "email"},
    )
    assert listed.status_code == 202, listed.content
    assert set(Decision.objects.values_list("rules", flat=True)) == {RULES_VERSION}
