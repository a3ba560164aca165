"""A person's day: what was taken in for them, with the reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clarion.records import clock
from clarion.records.people.models import User
from clarion.records.preferences.rules import RULES_VERSION
from tests.conftest import Api, api_as, make_user
from tests.integration.api_document import refused, watch


@pytest.fixture(autouse=True)
def _answers_keep_to_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    watch(monkeypatch)


def _send(api: Api, user: User, channel: str, **more: Any) -> str:
    body = {"user_id": str(user.id), "subject": "Hi", "body": "Hello", "channel": channel, **more}
    answer = api.post("notifications/send", body)
    found = answer.json()
    return str(found["id"] if answer.status_code == 201 else found["notifications"][0])


def test_a_day_tells_of_everything_with_its_reasons(as_service: Api, as_staff: Api, ann: User, drain: Any) -> None:
    assert api_as(ann).patch("preferences", {"global": {"sms_enabled": False}}).status_code == 200
    sent, stopped = _send(as_service, ann, "in_app"), _send(as_service, ann, "sms")
    drain()
    day = as_staff.get(f"users/{ann.id}/explain").json()
    assert [(each["notification"]["id"], each["notification"]["status"]) for each in day["results"]] == [
        (stopped, "suppressed"),
        (sent, "delivered"),
    ]
    first = day["results"][0]
    assert first["says"] == (
        "It is suppressed. The recipient switched the channel off, or marketing by SMS never on; critical passes."
    )
    assert [(step["stage"], step["rule"], step["outcome"]) for step in first["steps"]] == [
        ("ingest", "channel", "suppress")
    ]
    assert api_as(ann).get(f"users/{ann.id}/explain").json() == day


def test_the_day_is_that_of_the_persons_own_calendar(as_service: Api, as_staff: Api, ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(timezone="Pacific/Kiritimati")  # fourteen hours ahead of UTC
    sent = _send(as_service, ann, "in_app")
    there = clock.now().astimezone(UTC) + timedelta(hours=14)
    found = as_staff.get(f"users/{ann.id}/explain?date={there:%Y-%m-%d}").json()
    assert [each["notification"]["id"] for each in found["results"]] == [sent]
    assert found["timezone"] == "Pacific/Kiritimati"
    day_before = there - timedelta(days=1)
    assert as_staff.get(f"users/{ann.id}/explain?date={day_before:%Y-%m-%d}").json()["results"] == []


def test_a_day_may_be_narrowed_and_is_nobody_elses(as_service: Api, as_staff: Api, ann: User) -> None:
    _send(as_service, ann, "in_app")
    email = _send(as_service, ann, "email", category="orders")
    for query in ("channel=email", "category=orders"):
        found = as_staff.get(f"users/{ann.id}/explain?{query}").json()["results"]
        assert [each["notification"]["id"] for each in found] == [email], query
    refused(as_staff.get(f"users/{ann.id}/explain?category=nothing"), 422, "category_not_found")
    for date in ("yesterday", "0001-01-01", "9999-12-31"):
        refused(as_staff.get(f"users/{ann.id}/explain?date={date}"), 422, "invalid_input", "/query/date")
    refused(api_as(make_user()).get(f"users/{ann.id}/explain"), 404, "user_not_found")


def test_a_day_across_a_change_of_clocks_is_whole(as_staff: Api, ann: User) -> None:
    from zoneinfo import ZoneInfo

    from clarion.records.ids import first_id_of
    from clarion.surfaces.api.explain_day import _within

    bounds = _within(datetime(2026, 10, 25).date(), ZoneInfo("Europe/Berlin"))  # noqa: DTZ001 -- a local day
    assert bounds == {
        "id__gte": first_id_of(datetime(2026, 10, 24, 22, tzinfo=UTC)),
        "id__lt": first_id_of(datetime(2026, 10, 25, 23, tzinfo=UTC)),
    }


def test_a_dry_run_shows_every_rule_with_what_it_looked_at(as_service: Api, ann: User) -> None:
    assert api_as(ann).patch("preferences", {"global": {"sms_enabled": False}}).status_code == 200
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channel": "sms"}
    (found,) = as_service.post("notifications/explain", body).json()["results"]
    said = {rung["rule"]: rung for rung in found["ladder"]}
    assert list(said)[:4] == ["suppression", "expiry", "consent", "overrides"]
    assert [rule for rule, rung in said.items() if rung["outcome"] == "not_asked"] == [
        "category",
        "template",
        "caps",
        "quiet",
        "digest",
    ]
    spoke = said["channel"]
    assert (spoke["outcome"], spoke["reason"], spoke["inputs"]["channel"], spoke["inputs"]["set"]) == (
        "suppress",
        "channel_off",
        "sms",
        False,
    )
    assert (found["outcome"], found["rule"], found["rules"]) == ("suppress", "channel", RULES_VERSION)
