"""“What will I get”: the coming seven days by the gate's own rules, and what was withheld."""

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clarion.flows.centre.coming import MOST_COMING, Outlook, outlook
from clarion.records import clock
from clarion.records.ledger.models import Notification
from clarion.records.people.models import User
from clarion.records.preferences import links
from tests.conftest import Api, make_user


def _send(api: Api, user: User, **more: Any) -> str:
    body = {"user_id": str(user.id), "subject": "Secret words", "body": "Hello", "channel": "email", **more}
    answer = api.post("notifications/send", {"category": "orders", "priority": 3, **body})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["id"])


def _in(days: float) -> str:
    return (clock.now() + timedelta(days=days)).isoformat()


def _seen(user: User) -> Outlook:
    found = outlook(user.id, clock.now())
    assert found is not None
    return found


def _page(user: User, **more: str) -> str:
    token = links.preferences_url(user.id, clock.now()).rpartition("=")[2]
    page = Client().get("/preferences/", {"token": token, **more}).content.decode()
    section = page[page.index('id="coming"') : page.index('id="stop"')]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", section)).split())


def test_what_is_scheduled_within_seven_days_is_shown_in_order_and_nothing_later(as_service: Api, ann: User) -> None:
    _send(as_service, ann, scheduled_at=_in(5), channel="sms")
    _send(as_service, ann, scheduled_at=_in(2))
    _send(as_service, ann, scheduled_at=_in(8))

    assert [(item.channel, item.outcome) for item in _seen(ann).items] == [("email", "allow"), ("sms", "allow")]
    assert "Secret" not in _page(ann)


def test_the_rules_say_what_becomes_of_it_then(as_service: Api, as_ann: Api, ann: User) -> None:
    _send(as_service, ann, scheduled_at=_in(2), channel="sms")
    _send(as_service, ann, scheduled_at=_in(3), channel="push")
    assert as_ann.patch("preferences", {"global": {"sms_enabled": False}}).status_code == 200

    assert [(item.outcome, item.reason) for item in _seen(ann).items] == [("suppress", "channel_off"), ("allow", "")]
    assert "will not come: this way is off" in _page(ann)
    assert "hautakuja: njia hii imezimwa" in _page(ann, lang="sw")
    assert "n’arrivera pas : ce moyen est désactivé" in _page(ann, lang="fr")


def test_quiet_hours_hold_it_until_they_end(as_service: Api, as_ann: Api, ann: User) -> None:
    wishes = {"quiet_hours_enabled": True, "quiet_hours_start": "20:00", "quiet_hours_end": "09:30"}
    assert as_ann.patch("preferences", {"global": wishes}).status_code == 200
    zone = ZoneInfo("Africa/Nairobi")
    day = (clock.now().astimezone(zone) + timedelta(days=2)).date()
    _send(as_service, ann, scheduled_at=datetime(day.year, day.month, day.day, 6, tzinfo=zone).isoformat())

    (item,) = _seen(ann).items
    assert (item.outcome, item.at) == ("hold", datetime(day.year, day.month, day.day, 9, 30, tzinfo=zone))
    assert "09:30 Orders · Email waits for the end of your quiet hours" in _page(ann)


def test_what_quiet_hours_hold_beyond_its_end_is_not_promised(as_service: Api, as_ann: Api, ann: User) -> None:
    wishes = {"quiet_hours_enabled": True, "quiet_hours_start": "20:00", "quiet_hours_end": "09:30"}
    assert as_ann.patch("preferences", {"global": wishes}).status_code == 200
    zone = ZoneInfo("Africa/Nairobi")
    day = (clock.now().astimezone(zone) + timedelta(days=2)).date()
    due = datetime(day.year, day.month, day.day, 6, tzinfo=zone)
    _send(as_service, ann, scheduled_at=due.isoformat(), expires_at=(due + timedelta(hours=1)).isoformat())

    (item,) = _seen(ann).items
    assert (item.outcome, item.reason) == ("expire", "expired")
    assert "Orders · Email waits for the end of your quiet hours" not in _page(ann)


def test_a_digest_is_shown_with_its_closing_time_and_count(
    as_service: Api, as_ann: Api, ann: User, drain: Callable[[], int]
) -> None:
    wishes = {"digest_frequency": "weekly", "digest_time": "18:00"}
    assert as_ann.patch("preferences", {"global": wishes}).status_code == 200
    ids = [_send(as_service, ann) for _ in range(3)]
    drain()
    assert {row.status for row in Notification.objects.filter(pk__in=ids)} == {"digested"}

    (digest,) = _seen(ann).digests
    assert (digest.kind, digest.channel, digest.count) == ("weekly", "email", 3)
    local = digest.at.astimezone(ZoneInfo("Africa/Nairobi"))
    assert (local.weekday(), local.hour, local.minute) == (0, 18, 0)
    assert "18:00 Weekly digest · Email 3 messages so far" in _page(ann)

    assert as_ann.patch("preferences", {"categories": {"orders": {"email_enabled": False}}}).status_code == 200
    assert _seen(ann).digests == ()


def test_what_would_go_into_a_digest_is_shown_at_its_closing_time(as_service: Api, as_ann: Api, ann: User) -> None:
    _send(as_service, ann, scheduled_at=_in(2))
    assert as_ann.patch("preferences", {"global": {"digest_frequency": "daily"}}).status_code == 200

    (item,) = _seen(ann).items
    local = item.at.astimezone(ZoneInfo("Africa/Nairobi"))
    assert (item.outcome, local.hour, local.minute) == ("digest", 8, 0)


def test_what_was_withheld_lately_is_shown_with_its_reason(as_service: Api, as_ann: Api, ann: User) -> None:
    assert as_ann.patch("preferences", {"global": {"digest_frequency": "never"}}).status_code == 200
    body = {"user_id": str(ann.id), "subject": "Hi", "body": "Hello", "channel": "email", "category": "orders"}
    as_service.post("notifications/send", {**body, "priority": 3})

    assert [each.reason for each in _seen(ann).withheld] == ["digest_never"]
    assert "In the last 30 days you would also have got" in _page(ann)
    assert "you want no digests" in _page(ann)


def test_it_is_bounded_in_rows_and_in_queries(as_service: Api, ann: User, other: User) -> None:
    for number in range(MOST_COMING + 3):
        _send(as_service, ann, scheduled_at=_in(1 + number / 100))
    _send(as_service, other, scheduled_at=_in(1))
    with CaptureQueriesContext(connection) as few:
        assert len(_seen(other).items) == 1
    with CaptureQueriesContext(connection) as many:
        found = _seen(ann)

    assert (len(found.items), found.more) == (MOST_COMING, True)
    assert len(many) == len(few)


@pytest.fixture
def other(ground: None) -> User:
    return make_user(email="other@example.com")
