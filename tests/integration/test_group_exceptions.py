"""What is not grouped, what a group leaves out, and groups of any size."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.signals import post_init

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import beat, grouping
from clarion.records import clock
from clarion.records.digests.models import Item, Window
from clarion.records.ledger.models import Decision, Notification, QueueEntry, Request
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api
from tests.integration.test_grouping import end_windows, group_orders, send, standing, subjects

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def group_of(ids: list[Any]) -> Notification:
    return Notification.objects.exclude(pk__in=ids).get()


def test_what_may_pass_a_switched_off_channel_is_not_grouped(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    group_orders(above=1)
    changed = as_service.patch(f"users/{ann.id}/preferences", {"global": {"email_enabled": False}})
    assert changed.status_code == 200
    ids = send(ann, 3, bypass=True)
    drain()
    assert standing(ids) == ["sent"] * 3
    assert not Window.objects.exists()


def test_what_has_another_channel_to_go_on_with_is_not_grouped(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    group_orders(above=1)
    body = {"user_id": str(ann.id), "subject": "x", "body": "b", "category": "orders", "fallback": ["email", "in_app"]}
    for _ in range(3):
        assert as_service.post("notifications/send", body).status_code == 201
    drain()
    assert [(row.channel, row.status) for row in Notification.objects.all()] == [("email", "sent")] * 3
    assert not Window.objects.exists()


@pytest.mark.parametrize("opens", [True, False])
@pytest.mark.parametrize("clicks", [True, False])
def test_a_group_counts_opens_and_clicks_only_where_all_its_items_do(
    ann: User, mail: ScriptedProvider, drain: Drain, opens: bool, clicks: bool
) -> None:
    group_orders(above=1)
    ids = [*send(ann, track_opens=False, track_clicks=False), *send(ann, 2)]
    ids += [*send(ann, track_opens=opens, track_clicks=clicks), *send(ann)]
    drain()
    end_windows()
    grouping.send_groups()
    payload = Request.objects.get(pk=group_of(ids).request_id).payload
    assert payload is not None
    assert payload["track"] == {"opens": opens, "clicks": clicks}, "the one that went singly has no say"


def test_what_expired_before_its_group_went_out_is_not_told_of_and_ends_as_expired(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    group_orders(above=1)
    later = clock.now() + timedelta(hours=2)
    ids = send(ann, 4, expires_at=later)
    drain()
    assert standing(ids) == ["sent", *["digested grouped"] * 3]
    end_windows()
    Notification.objects.filter(pk__in=ids[1:3]).update(expires_at=clock.now() - timedelta(minutes=1))
    assert grouping.send_groups() == 1
    drain()
    assert standing(ids) == ["sent", "expired expired", "expired expired", "digested grouped"]
    assert subjects(mail) == ["Order 1", "1 × orders"]
    assert mail.given[-1].content.text.strip() == "- Order 4"  # type: ignore[union-attr]
    told = as_service.get(f"notifications/{ids[1]}/explain").json()
    assert told["steps"][-1]["detail"] == "before it was told of"
    assert all(row.ended_at is not None for row in Notification.objects.filter(pk__in=ids[1:]))
    assert not Item.objects.exists()


def test_no_group_is_sent_of_what_has_all_expired(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    group_orders(above=1)
    ids = send(ann, 3, expires_at=clock.now() + timedelta(hours=2))
    drain()
    end_windows()
    Notification.objects.filter(pk__in=ids[1:]).update(expires_at=clock.now() - timedelta(minutes=1))
    assert grouping.send_groups() == 1
    assert Notification.objects.count() == 3
    assert standing(ids) == ["sent", *["expired expired"] * 2]
    assert not Window.objects.exists()


def test_a_person_who_cannot_be_opened_any_more_holds_up_no_group(
    ann: User, mail: ScriptedProvider, drain: Drain, as_service: Api
) -> None:
    group_orders(above=1)
    content = {"email": {"default": {"subject": "Order for {{ user.email }}", "text": "x"}}}
    template = {"path": "of.user", "name": "x", "category": "orders", "content": content}
    assert as_service.post("templates", template).status_code == 201
    ids = send(ann, 3, template_path="of.user")
    drain()
    end_windows()
    User.objects.filter(pk=ann.pk).update(email_sealed=b"\x01garbage-garbage-garbage-garbage-garbage")
    ran: list[int] = []
    beat._turn([beat.Tick("send_groups", 0.0, grouping.send_groups), beat.Tick("next", 0.0, lambda: ran.append(1))])
    assert ran == [1]
    payload = Request.objects.get(pk=group_of(ids).request_id).payload
    assert payload is not None
    assert [item["title"] for item in payload["context"]["items"]] == ["", ""]
    assert not Window.objects.exists()


def test_a_large_group_is_accepted_at_once_and_its_items_end_in_pages(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "ROWS", 2)
    monkeypatch.setattr(grouping, "PAGES_A_TICK", 2)
    group_orders(above=1)
    ids = send(ann, 8)
    drain()
    end_windows()
    assert grouping.send_groups() == 1
    group = group_of(ids)
    assert (Window.objects.get().group_id, Item.objects.count()) == (group.id, 4)
    late = send(ann, 2)
    drain()
    assert standing(late) == ["sent", "digested grouped"], "they came into a window of their own"
    end_windows()
    assert grouping.send_groups() == 1, "a group that is due goes before the rest of a large one"
    while Window.objects.exists():
        assert grouping.send_groups() == 0
    assert Notification.objects.count() == len(ids) + 1 + len(late) + 1
    links = Decision.objects.filter(detail=f"told of in {group.id}").values_list("notification_id", flat=True)
    assert sorted(links) == sorted(ids[1:])
    assert (Item.objects.count(), QueueEntry.objects.count()) == (0, 1)
    drain()
    assert sorted(subjects(mail)) == ["1 × orders", "7 × orders", "Order 1", "Order 1"]


def test_a_group_reads_no_more_rows_however_many_it_tells_of(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    group_orders(above=1)
    ids = send(ann, 60)
    drain()
    end_windows()
    read: list[Any] = []

    def note(instance: Notification, **_: Any) -> None:
        read.append(instance.id)

    post_init.connect(note, sender=Notification)
    try:
        assert grouping.send_groups() == 1
    finally:
        post_init.disconnect(note, sender=Notification)
    assert sorted(read) == sorted(ids[1:11]), "those that are named"
    assert standing(ids) == ["sent", *["digested grouped"] * 59]


def test_what_a_dead_worker_collected_of_a_large_group_is_not_sent_between_its_pages(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "ROWS", 1)
    monkeypatch.setattr(grouping, "PAGES_A_TICK", 1)
    group_orders(above=1)
    ids = send(ann, 4)
    drain()
    last = ids[-1]
    Notification.objects.filter(pk=last).update(status="pending")
    QueueEntry.objects.create(id=last, lane="email", priority=3, due_at=clock.now(), attempts=1, caller_id=ann.id)
    end_windows()
    grouping.send_groups()
    drain()
    assert standing(ids) == ["sent", *["digested grouped"] * 3]
    assert sorted(subjects(mail)) == ["3 × orders", "Order 1"]
    while Window.objects.exists():
        grouping.send_groups()
    assert Decision.objects.filter(detail__startswith="told of in").count() == 3
