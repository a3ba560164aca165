"""What would hurt people who set their wishes: more than they allowed, a message that nobody gets, a lost update."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.conf import LazySettings

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Retry
from clarion.contract.reasons import Reason
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Fallback, Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.categories.policy import Cap
from clarion.records.ledger.models import Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.preferences.models import GlobalPreference
from clarion.records.templating.models import Template
from clarion.surfaces.api import categories
from clarion.surfaces.cli.demo_data import writing
from clarion.surfaces.cli.demo_data.content import read_templates
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, api_as, caller_of, make_user

EMAIL, IN_APP = ChannelKey.EMAIL, ChannelKey.IN_APP
Drain = Callable[[], int]


def quiet_now(user: User, **given: Any) -> datetime:
    """Quiet hours from an hour ago to an hour from now, with a daily digest; their end."""
    here = clock.now().astimezone(ZoneInfo(user.timezone)).replace(second=0, microsecond=0)
    first, last = here - timedelta(hours=1), here + timedelta(hours=1)
    stored = {"enabled": True, "start": f"{first:%H:%M}", "end": f"{last:%H:%M}", "days": {}}
    closing = f"{here + timedelta(hours=12):%H:%M}"
    digest = {"frequency": "daily", "at": closing}
    GlobalPreference.objects.update_or_create(pk=user.id, defaults={"quiet_hours": stored, "digest": digest, **given})
    return last


def send(user: User, *channels: ChannelKey, **given: Any) -> list[UUID]:
    asked = Send(
        caller=caller_of(user, Permission.STAFF, Permission.SEND),
        user_id=user.id,
        channels=channels,
        **{"category": "orders", "subject": "Order", "body": "A body", "priority": 3, **given},
    )
    return [each.id for each in ingest.send(asked, clock.now()).notifications]


def standing(one: UUID) -> str:
    row = Notification.objects.get(pk=one)
    return f"{row.channel} {row.status} {row.reason}".strip()


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def test_what_cannot_wait_for_a_digest_waits_for_the_end_of_quiet_hours(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    end = quiet_now(ann)
    (expiring,) = send(ann, EMAIL, expires_at=end + timedelta(hours=2))
    chained = send(ann, fallback=Fallback(channels=(EMAIL, IN_APP), after_seconds=None))[0]
    drain()
    assert mail.given == []
    assert [standing(one) for one in (expiring, chained)] == ["email scheduled quiet_hours"] * 2
    assert {QueueEntry.objects.get(pk=one).due_at >= end for one in (expiring, chained)} == {True}


def test_what_was_tried_singly_before_is_not_tried_again_in_quiet_hours(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    provider = ScriptedProvider(script=lambda message: Retry(why=Reason.TEMPORARY))
    carried_by(EMAIL, provider)
    Category.objects.filter(key="orders").update(group_above=2, group_channels=["email"])
    catalog.read()
    (one,) = send(ann, EMAIL)
    drain()
    assert len(provider.given) == 1
    end = quiet_now(ann)
    QueueEntry.objects.update(due_at=clock.now())
    drain()
    assert len(provider.given) == 1
    assert standing(one) == "email pending"
    assert QueueEntry.objects.get(pk=one).due_at >= end


def test_a_zone_that_the_zone_data_lost_holds_up_nobody(
    ann: User, mail: ScriptedProvider, drain: Drain, settings: LazySettings
) -> None:
    settings.USER_CAP = Cap(per_day=3)
    bea = make_user(email="bea@example.com")
    for _ in range(2):
        send(ann, EMAIL, priority=2)
        send(bea, EMAIL, priority=2)
        User.objects.filter(pk=ann.pk).update(timezone="Atlantis/Capital")
        drain()
    assert [standing(row.id) for row in Notification.objects.all()] == ["email sent"] * 4


def test_a_channel_that_is_off_for_the_category_is_not_chosen(ann: User, as_ann: Api) -> None:
    as_ann.patch("preferences", {"categories": {"orders": {"email_enabled": False}}})
    (one,) = send(ann)
    assert standing(one) == "push pending"


def test_two_changes_of_a_category_at_once_are_both_kept(as_staff: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Category.objects.get(key="orders")
    found = categories.checked_retry

    def meanwhile(given: Any) -> Any:
        Category.objects.filter(pk=row.pk).update(essential=True)
        return found(given)

    monkeypatch.setattr(categories, "checked_retry", meanwhile)
    answer = as_staff.patch(f"categories/{row.pk}", {"name": "Orders and returns", "retry": {}})
    assert answer.status_code == 200
    row.refresh_from_db()
    assert (row.name, row.essential) == ("Orders and returns", True)
    assert answer.json()["essential"] is True


def test_demo_templates_are_in_force_also_where_four_eyes_are_wanted(ground: None, settings: LazySettings) -> None:
    settings.TEMPLATE_FOUR_EYES = True
    Template.objects.filter(path="order.placed").delete()
    (found,) = (one for one in read_templates() if one.path == "order.placed")
    writing.write_template(found, Category.objects.get(key="orders"))
    version = Template.objects.get(path="order.placed").current_version
    assert version is not None
    assert (version.number, version.state) == (1, "published")


def test_thousands_of_categories_are_read_only_when_one_changed(
    ground: None, django_assert_num_queries: Callable[[int], AbstractContextManager[Any]]
) -> None:
    catalog.read()
    with django_assert_num_queries(0):  # but for one look whether anything changed
        catalog.read()
        assert catalog.find("nothing of the kind") is None
    for name in ("One", "Two"):  # twice in one transaction, too
        Category.objects.filter(key="orders").update(digestible=name == "Two", user_limit="")
        catalog.read()
        found = catalog.find("orders")
        assert found is not None
        assert found.digestible == (name == "Two")
    Category.objects.create(key="brand-new", name="New")
    assert catalog.find("brand-new") is not None


def test_what_was_shown_before_a_withdrawal_cannot_be_written_back_over_it(ann: User) -> None:
    api = api_as(ann)
    assert api.patch("preferences", {"global": {"marketing_enabled": True}}).status_code == 200
    shown = api.get("preferences")
    assert api.post("consents", {"purpose": "marketing", "given": False}).status_code in (200, 201)
    stale = api.call(
        "patch", "preferences", body={"global": shown.json()["global"]}, headers={"If-Match": shown.headers["ETag"]}
    )
    assert stale.status_code == 412
    assert GlobalPreference.objects.get(pk=ann.id).consents == {"marketing": False}


def test_preferences_written_back_as_they_were_shown_agree_to_nothing(ann: User) -> None:
    api = api_as(ann)
    shown = api.get("preferences").json()
    assert api.put("preferences", {"global": shown["global"]}).status_code == 200
    assert values_of(api.get("preferences").json()["effective"]) == values_of(shown["effective"])


def values_of(effective: Any) -> Any:
    """What holds, without where it comes from."""
    if isinstance(effective, dict):
        return effective["value"] if "value" in effective else {k: values_of(v) for k, v in effective.items()}
    return effective
