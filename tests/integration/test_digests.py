"""Digests: one for each person, channel and window; what they tell of, leave out, and let go."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import digest_content, grouping, rechecking
from clarion.flows.ingest import changes
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Fallback, Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.digests import rechecks
from clarion.records.digests.models import Item, Recheck, Window
from clarion.records.ledger.models import Decision, Event, Notification, QueueEntry
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.records.people import directory
from clarion.records.people.models import User
from clarion.records.preferences.models import CategoryPreference, GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, caller_of, make_user

EMAIL, SMS, IN_APP = ChannelKey.EMAIL, ChannelKey.SMS, ChannelKey.IN_APP
Drain = Callable[[], int]


def wish(user: User, frequency: str, **categories: str) -> None:
    """What the person chose, in general and by category."""
    GlobalPreference.objects.update_or_create(pk=user.id, defaults={"digest": {"frequency": frequency}})
    for key, own in categories.items():
        category = Category.objects.get(key=key)
        CategoryPreference.objects.update_or_create(
            user=user, category=category, defaults={"digest": {"frequency": own}}
        )
    rechecks.ask([user.id], clock.now())


def send(user: User, title: str, *channels: ChannelKey, **given: Any) -> list[UUID]:
    asked = Send(
        caller=caller_of(user, Permission.STAFF, Permission.SEND, Permission.BYPASS),
        user_id=user.id,
        channels=channels or (EMAIL,),
        **{"category": "orders", "subject": title, "body": "A body", **given},
    )
    return [each.id for each in ingest.send(asked, clock.now()).notifications]


def standing(*ids: UUID) -> list[str]:
    rows = {row.id: f"{row.status} {row.reason}".strip() for row in Notification.objects.filter(pk__in=ids)}
    return [rows[one] for one in ids]


def close(drain: Drain) -> int:
    """The windows' time is over."""
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))
    told = grouping.send_groups()
    drain()
    return told


def last_said(one: UUID) -> str:
    return Decision.objects.filter(notification_id=one).order_by("-id").values_list("detail", flat=True)[0]


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def test_one_digest_tells_of_a_days_categories_in_sections(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    wish(ann, "daily")
    ids = [*send(ann, "First <b>"), *send(ann, "Second"), *send(ann, "Third", category="general")]
    assert Decision.objects.get(notification_id=ids[0]).outcome == "digest", "ingest foresees it"
    drain()
    assert standing(*ids) == ["digested digested"] * 3
    assert not mail.given
    window = Window.objects.get()
    assert (window.kind, window.category_id, window.channel, window.count) == ("daily", 0, "email", 3)
    assert window.closes_at.hour == 5, "08:00 in Nairobi"
    told = as_service.get(f"notifications/{ids[0]}/explain").json()["steps"][-1]
    assert told["until"] == f"{window.closes_at:%Y-%m-%dT%H:%M:%SZ}"
    status = as_service.get(f"notifications/{ids[0]}/status").json()
    assert (status["status"], status["digest_at"], status["digest_id"]) == ("digested", told["until"], None)
    assert close(drain) == 1
    content: Any = mail.given[0].content
    assert len(mail.given) == 1
    assert content.subject == "Your daily digest: 3 new"
    lines = [line for line in content.text.splitlines() if line]
    order = [line for line in lines if line in ("General", "Third", "Orders", "First <b>", "Second")]
    assert order == ["General", "Third", "Orders", "First <b>", "Second"]
    assert "First &lt;b&gt;" in content.html
    digest = Notification.objects.exclude(pk__in=ids).get()
    assert catalog.find(digest.category_id) == digest_content.digest_category()
    assert [last_said(one) for one in ids] == [f"told of in {digest.id}"] * 3
    status = as_service.get(f"notifications/{ids[0]}/status").json()
    assert (status["digest_at"], status["digest_id"]) == (None, str(digest.id))
    assert not Window.objects.exists()
    assert not Item.objects.exists()


def test_what_nobody_may_wait_for_goes_out_by_itself(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "weekly")
    soon = clock.now() + timedelta(minutes=30)
    ids = [
        *send(ann, "critical", priority=1),
        *send(ann, "high", priority=2),
        *send(ann, "essential", category="security"),
        *send(ann, "bypass", bypass=True),
        *send(ann, "expires soon", expires_at=soon),
        *send(ann, "chain", fallback=Fallback(channels=(EMAIL, SMS))),
        *send(ann, "inbox", IN_APP),
        *send(ann, "text", SMS),
    ]
    drain()
    assert [each.split()[0] for each in standing(*ids)] == ["sent"] * 6 + ["delivered"] * 2
    assert not Window.objects.exists()


def test_a_category_may_have_a_frequency_of_its_own(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "daily", orders="hourly", general="immediate")
    send(ann, "hourly")
    single = send(ann, "single", category="general")
    drain()
    assert standing(*single) == ["sent"]
    assert Window.objects.get().kind == "hourly"


def test_never_means_that_the_inbox_alone_keeps_it(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "never")
    ids = send(ann, "unwanted", EMAIL, IN_APP)
    drain()
    assert standing(*ids) == ["suppressed digest_never", "delivered"]
    assert not mail.given


def test_what_was_cancelled_read_or_unwanted_is_left_out(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "daily")
    kept, cancelled = send(ann, "kept"), send(ann, "cancelled")
    read = send(ann, "read", EMAIL, IN_APP)
    late = send(ann, "late", expires_at=clock.now() + timedelta(days=3))
    off = send(ann, "off", category="general")
    drain()
    changes.cancel(Notification.objects.get(pk=cancelled[0]), clock.now())
    move([Move(notification_id=read[1], to=Status.READ)], clock.now())
    Notification.objects.filter(pk__in=late).update(expires_at=clock.now() - timedelta(seconds=1))
    CategoryPreference.objects.create(user=ann, category=Category.objects.get(key="general"), enabled=False)
    assert close(drain) == 1
    content: Any = mail.given[0].content
    assert (len(mail.given), content.subject) == (1, "Your daily digest: 1 new")
    assert standing(*kept, *cancelled, read[0], *late, *off) == [
        "digested digested",
        "cancelled cancelled",
        "digested digested",
        "expired expired",
        "suppressed category_off",
    ]
    assert last_said(read[0]) == "left out: it was read in the inbox"


def test_an_empty_digest_is_never_sent(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "daily")
    ids = send(ann, "gone", EMAIL, IN_APP)
    drain()
    move([Move(notification_id=ids[1], to=Status.READ)], clock.now())
    assert close(drain) == 1
    assert Notification.objects.count() == 2
    assert not mail.given
    assert not Window.objects.exists()


def test_a_collected_one_is_cancelled_through_the_api_until_it_was_told_of(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    wish(ann, "daily")
    first, second = send(ann, "first"), send(ann, "second")
    drain()
    answer = as_service.post(f"notifications/{first[0]}/cancel", {})
    assert answer.status_code == 200
    assert as_service.get(f"notifications/{first[0]}/status").json()["status"] == "cancelled"
    close(drain)
    late = as_service.post(f"notifications/{second[0]}/cancel", {})
    assert (late.status_code, standing(*second)) == (409, ["digested digested"])


def test_who_wants_things_at_once_again_gets_what_was_collected(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    wish(ann, "daily")
    ids = [*send(ann, "first"), *send(ann, "second")]
    drain()
    wish(ann, "immediate")
    assert rechecking.recheck() == 1
    assert standing(*ids) == ["pending", "pending"]
    drain()
    assert standing(*ids) == ["sent", "sent"]
    assert sorted(message.content.subject for message in mail.given) == ["first", "second"]  # type: ignore[union-attr]
    assert Event.objects.filter(notification_id__in=ids, type="released").count() == 2
    assert not Window.objects.exists()
    assert Recheck.objects.get().looks == 1, "once more a little later, for what was on its way"
    Recheck.objects.update(due_at=clock.now())
    assert rechecking.recheck() == 1
    assert not Recheck.objects.exists()


def test_a_change_that_is_about_something_else_moves_nothing(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "daily")
    ids = send(ann, "first")
    drain()
    wish(ann, "daily", general="hourly")
    rechecking.recheck()
    assert standing(*ids) == ["digested digested"]
    assert Window.objects.get().count == 1


def test_another_frequency_moves_what_was_collected(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "weekly")
    ids = [*send(ann, "first"), *send(ann, "other", category="general")]
    drain()
    wish(ann, "weekly", orders="hourly")
    rechecking.recheck()
    drain()
    assert standing(*ids) == ["digested digested"] * 2
    assert sorted(Window.objects.values_list("kind", "count")) == [("hourly", 1), ("weekly", 2)]
    assert Item.objects.count() == 2
    assert not QueueEntry.objects.exists()
    assert close(drain) == 2
    assert sorted(message.content.subject for message in mail.given) == [  # type: ignore[union-attr]
        "Your hourly digest: 1 new",
        "Your weekly digest: 1 new",
    ]


def test_a_person_who_moves_gets_the_digest_by_the_new_clock(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    wish(ann, "daily")
    send(ann, "first")
    drain()
    rechecking.recheck()
    assert as_service.patch(f"users/{ann.id}", {"timezone": "Asia/Tokyo"}).status_code == 200
    rechecking.recheck()
    drain()
    assert Window.objects.get().closes_at.hour == 23, "08:00 in Tokyo"


def test_windows_do_not_outlive_people(ann: User, mail: ScriptedProvider, drain: Drain, as_staff: Api) -> None:
    bo = make_user()
    wish(bo, "daily")
    send(bo, "first")
    drain()
    assert as_staff.delete(f"users/{bo.id}").status_code == 204
    rechecking.recheck()
    assert not Window.objects.exists()
    assert not Item.objects.exists()
    assert not mail.given


def test_more_than_is_named_is_counted(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "daily")
    for number in range(12):
        send(ann, f"Order {number}", priority=4 if number < 11 else 3)
    drain()
    close(drain)
    content: Any = mail.given[0].content
    assert content.text.count("\nOrder ") == 10
    assert content.text.index("Order 11") < content.text.index("Order 0"), "the most urgent first"
    assert "and 2 more" in content.text


@pytest.mark.parametrize(("locale", "says"), [("sw", "Muhtasari wako wa kila siku: 1 mpya"), ("fr-FR", "Votre résumé")])
def test_the_built_in_digest_speaks_the_recipients_language(
    mail: ScriptedProvider, drain: Drain, locale: str, says: str
) -> None:
    user = make_user(locale=locale)
    wish(user, "daily")
    send(user, "first")
    drain()
    close(drain)
    assert mail.given[0].content.subject.startswith(says)  # type: ignore[union-attr]


def test_a_jobs_cancelling_reaches_what_was_collected(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    wish(ann, "daily")
    asked = {"subject": "Sale", "body": "Now", "category": "general", "channel": "email"}
    job = as_service.post("notifications/bulk", {**asked, "recipients": [{"user_id": str(ann.id)}]}).json()["job_id"]
    drain()
    assert as_service.post(f"notifications/bulk/{job}/cancel", {}).status_code in (200, 202)
    assert set(Notification.objects.values_list("status", flat=True)) == {"cancelled"}
    close(drain)
    assert not mail.given


def test_collecting_a_batch_costs_no_query_for_each(
    ann: User, mail: ScriptedProvider, drain: Drain, django_assert_max_num_queries: Any
) -> None:
    wish(ann, "daily")
    for number in range(20):
        send(ann, f"Order {number}")
    with django_assert_max_num_queries(60):
        drain()
    assert Window.objects.get().count == 20
    assert connection.in_atomic_block


def test_a_choice_through_the_api_takes_effect_on_what_lies_in_a_window(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    path = f"users/{ann.id}/preferences"
    chosen = {"digest_frequency": "daily", "digest_time": "18:00"}
    assert as_service.put(path, {"global": chosen}).status_code == 200
    ids = send(ann, "first")
    drain()
    assert standing(*ids) == ["digested digested"]
    assert Window.objects.get().closes_at.hour == 15, "18:00 in Nairobi"
    assert as_service.put(path, {"global": {"digest_frequency": "immediate"}}).status_code == 200
    rechecking.recheck()
    drain()
    assert standing(*ids) == ["sent"]


SECTIONS = """\
{% for section in sections %}{{ section.name }}:{{ section.count }}
{% for item in section["items"] %}- {{ item.title }}, {{ item.at|time }}
{% endfor %}{% if section.more %}and {{ section.more }} more{% endif %}
{% endfor %}"""


def test_a_template_of_the_category_or_of_the_deployment_tells_of_the_items(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api, settings: Any
) -> None:
    def template(path: str, subject: str) -> int:
        content = {"email": {"default": {"subject": subject, "text": SECTIONS}}}
        made = as_service.post("templates", {"path": path, "name": path, "category": "orders", "content": content})
        return int(made.status_code)

    assert template("account.digest", "All: {{ frequency }} {{ count }}") == 201
    assert template("orders.digest", "Orders: {{ count }}") == 201
    settings.DIGEST_TEMPLATE = "account.digest"
    Category.objects.filter(key="orders").update(digest_template="orders.digest")
    catalog.read()
    wish(ann, "daily")
    for titles in (["orders"], ["orders", "general"]):
        for key in titles:
            send(ann, f"About {key}", category=key)
        drain()
        close(drain)
    assert [message.content.subject for message in mail.given] == ["Orders: 1", "All: daily 2"]  # type: ignore[union-attr]
    text = mail.given[0].content.text  # type: ignore[union-attr]
    assert text.startswith("Orders:1\n- About orders, ")


def test_a_template_that_requires_something_else_is_passed_over(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api, settings: Any
) -> None:
    content = {"email": {"default": {"subject": "{{ plan }}", "text": "x"}}}
    body = {"path": "odd.digest", "name": "odd", "category": "orders", "content": content}
    assert as_service.post("templates", {**body, "required_variables": ["plan"]}).status_code == 201
    settings.DIGEST_TEMPLATE = "odd.digest"
    wish(ann, "daily")
    send(ann, "first")
    drain()
    close(drain)
    assert mail.given[0].content.subject == "Your daily digest: 1 new"  # type: ignore[union-attr]


def test_who_moves_by_the_bulk_call_is_looked_at_again(ann: User) -> None:
    User.objects.filter(pk=ann.pk).update(external_id="a1")
    directory.upsert([{"external_id": "a1", "locale": "fr"}])
    assert not Recheck.objects.exists()
    directory.upsert([{"external_id": "a1", "timezone": "Asia/Tokyo"}])
    assert Recheck.objects.get().user_id == ann.pk
