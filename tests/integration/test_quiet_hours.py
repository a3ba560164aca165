"""Quiet hours: what they hold, when it leaves, and what becomes of it when things change meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import grouping, rechecking
from clarion.flows.delivery.holding import PARTS, SPREAD, leaves_at
from clarion.flows.ingest import bulk
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.bulk import Recipient
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.digests import rechecks
from clarion.records.digests.models import Window
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.preferences.models import GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, caller_of, make_user

EMAIL, SMS, PUSH, CHAT = ChannelKey.EMAIL, ChannelKey.SMS, ChannelKey.PUSH, ChannelKey.CHAT
IN_APP, WEBSOCKET, WEBHOOK = ChannelKey.IN_APP, ChannelKey.WEBSOCKET, ChannelKey.WEBHOOK
Drain = Callable[[], int]


def be_quiet(user: User, *, since: int = 60, until: int = 60, enabled: bool = True, **given: Any) -> datetime:
    """Quiet hours around this moment, `since` and `until` so many minutes before and after it; returns their end."""
    here = clock.now().astimezone(ZoneInfo(user.timezone)).replace(second=0, microsecond=0)
    first, last = here - timedelta(minutes=since), here + timedelta(minutes=until)
    stored = {"enabled": enabled, "start": f"{first:%H:%M}", "end": f"{last:%H:%M}", "days": {}}
    GlobalPreference.objects.update_or_create(pk=user.id, defaults={"quiet_hours": stored, **given})
    rechecks.ask([user.id], clock.now())
    return last


def send(user: User, channel: ChannelKey = EMAIL, **given: Any) -> UUID:
    asked = Send(
        caller=caller_of(user, Permission.STAFF, Permission.SEND, Permission.BYPASS),
        user_id=user.id,
        channels=(channel,),
        **{"category": "orders", "subject": "Order", "body": "A body", **given},
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def standing(*ids: UUID) -> list[str]:
    rows = {row.id: f"{row.status} {row.reason}".strip() for row in Notification.objects.filter(pk__in=ids)}
    return [rows[one] for one in ids]


def due(one: UUID) -> datetime:
    return QueueEntry.objects.get(pk=one).due_at


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def test_what_comes_in_quiet_hours_is_scheduled_for_their_end(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    end = be_quiet(ann)
    one = send(ann)
    assert standing(one) == ["scheduled quiet_hours"]
    assert end <= due(one) <= end + SPREAD
    decided = Decision.objects.get(notification_id=one)
    assert (decided.outcome, decided.rule, decided.until) == ("hold", "quiet", due(one))
    status = as_service.get(f"notifications/{one}/status").json()
    assert (status["status"], status["reason"]) == ("scheduled", "quiet_hours")
    assert status["next_attempt_at"].startswith(f"{due(one):%Y-%m-%dT%H:%M}")
    drain()
    assert not mail.given


def test_what_was_accepted_before_goes_back_without_an_attempt(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    one = send(ann)
    end = be_quiet(ann)
    drain()
    assert not mail.given
    assert not Attempt.objects.exists()
    entry = QueueEntry.objects.get(pk=one)
    assert entry.attempts == 0
    assert end - timedelta(seconds=1) <= entry.due_at <= end + SPREAD
    GlobalPreference.objects.update(quiet_hours=None)
    QueueEntry.objects.update(due_at=clock.now())
    drain()
    assert standing(one) == ["sent"]
    assert [row.number for row in Attempt.objects.all()] == [1]


def test_urgent_things_and_channels_that_disturb_nobody_pass(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    be_quiet(ann)
    passing = [
        send(ann, priority=1),
        send(ann, priority=2),
        send(ann, category="security"),
        send(ann, bypass=True),
        send(ann, IN_APP),
        send(ann, WEBSOCKET),
    ]
    held = [send(ann, channel) for channel in (EMAIL, SMS, PUSH, CHAT)]
    drain()
    assert not {"scheduled", "pending", "suppressed"} & {each.split()[0] for each in standing(*passing)}
    assert standing(*held) == ["scheduled quiet_hours"] * 4


def test_a_category_may_let_through_or_drop(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    be_quiet(ann)
    Category.objects.filter(key="orders").update(quiet_policy="through")
    Category.objects.filter(key="general").update(quiet_policy="drop")
    catalog.read()
    through, dropped = send(ann), send(ann, category="general")
    drain()
    assert standing(through, dropped) == ["sent", "suppressed quiet_hours"]


def test_what_is_scheduled_is_judged_when_it_is_due(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    be_quiet(ann, until=30)
    later = clock.now() + timedelta(hours=3)
    one = send(ann, scheduled_at=later)
    assert standing(one) == ["scheduled"]
    assert due(one) == later


def test_what_would_be_stale_at_their_end_expires(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    be_quiet(ann)
    expires = clock.now() + timedelta(minutes=10)
    one = send(ann, expires_at=expires)
    assert due(one) == expires
    QueueEntry.objects.update(due_at=clock.now())
    Notification.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    drain()
    assert standing(one) == ["expired expired"]
    assert not mail.given


def test_a_change_takes_effect_on_what_waits(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    be_quiet(ann, until=120)
    one = send(ann)
    scheduled = send(ann, scheduled_at=clock.now() + timedelta(minutes=90))
    rechecking.recheck()
    drain()
    end = be_quiet(ann, until=30)
    assert rechecking.recheck() == 1
    drain()
    assert end - timedelta(seconds=1) <= due(one) <= end + SPREAD, "judged anew, and held until the new end"
    be_quiet(ann, enabled=False)
    rechecking.recheck()
    drain()
    assert standing(one, scheduled) == ["sent", "scheduled"], "what its caller scheduled stays where it is"
    assert Attempt.objects.get().number == 1


def test_a_windows_message_waits_for_their_end_and_tells_how_things_stand_then(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    GlobalPreference.objects.create(pk=ann.id, digest={"frequency": "daily"})
    first = send(ann)
    drain()
    end = be_quiet(ann, digest={"frequency": "daily"})
    second = send(ann)
    drain()
    assert standing(first, second) == ["digested digested"] * 2, "collecting disturbs nobody"
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))
    assert grouping.send_groups() == 0
    waits_until = Window.objects.get().waits_until
    assert waits_until is not None
    assert end <= waits_until <= end + SPREAD
    assert grouping.send_groups() == 0
    be_quiet(ann, enabled=False)
    rechecking.recheck()
    assert grouping.send_groups() == 1
    drain()
    assert mail.given[0].content.subject == "Your daily digest: 2 new"  # type: ignore[union-attr]


def test_a_list_that_is_held_leaves_spread(mail: ScriptedProvider, ann: User, drain: Drain) -> None:
    people = [make_user(reachable=False, email=f"p{number}@example.com") for number in range(30)]
    ends = {be_quiet(user) for user in people}
    asked = Send(
        caller=caller_of(ann, Permission.STAFF, Permission.SEND_OTHERS),
        user_id=ann.id,
        channels=(EMAIL,),
        subject="Sale",
        body="Now",
        category="general",
        priority=4,
    )
    bulk.accept_list(asked, [Recipient(user_id=user.id, place=n) for n, user in enumerate(people)], clock.now())
    moments = set(QueueEntry.objects.values_list("due_at", flat=True))
    assert len(moments) == 30
    assert min(moments) >= min(ends) + timedelta(seconds=PARTS[4][0])
    assert max(moments) <= max(ends) + SPREAD


@given(st.uuids(), st.integers(1, 4), st.integers(1, 4))
def test_what_is_more_urgent_leaves_first_whoever_it_is_for(user: UUID, one: int, other: int) -> None:
    end = clock.now()
    first, second = leaves_at(end, one, user), leaves_at(end, other, uuid4())
    assert end <= first < end + SPREAD
    assert first == leaves_at(end, one, user), "one person's come together"
    assert (first < second) == (one < other) or one == other or (one < 3 and other < 3)


def test_nothing_expires_because_it_was_spread() -> None:
    end = clock.now()
    for number in range(1, 300):
        expires = end + timedelta(seconds=number)
        assert end <= leaves_at(end, 4, uuid4(), expires) < expires


def test_they_are_set_through_the_api_and_the_impossible_is_refused(ann: User, as_service: Api) -> None:
    path = f"users/{ann.id}/preferences"
    days = {"friday": {"start": "23:30", "end": "10:00"}, "sunday": None}
    wished = {"quiet_hours_enabled": True, "quiet_hours_start": "22:00", "quiet_hours_end": "08:00"}
    assert as_service.put(path, {"global": {**wished, "quiet_hours_days": days}}).status_code == 200
    stored = GlobalPreference.objects.get(pk=ann.id).quiet_hours
    assert (stored["start"], stored["end"], stored["days"]["sunday"]) == ("22:00", "08:00", None)
    refused = as_service.put(path, {"global": {**wished, "quiet_hours_end": "22:00"}})
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "zero_length")
    assert refused.json()["errors"][0]["pointer"] == "/global/quiet_hours_end"
    assert GlobalPreference.objects.get(pk=ann.id).quiet_hours == stored
