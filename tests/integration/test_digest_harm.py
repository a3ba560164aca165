"""What digests must never do to people: lose what a worker has in its hands, go on after they were unsubscribed from,
or stand still for everybody because of one."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.flows.consent.unsubscribe import meant, unsubscribe
from clarion.flows.delivery import digest_content, flow, grouping, rechecking, settle
from clarion.flows.delivery.gate import gate
from clarion.flows.delivery.work import Fate
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.categories.models import Category
from clarion.records.consents.purposes import Source
from clarion.records.digests import rechecks
from clarion.records.digests.models import Item, Recheck, Window
from clarion.records.ledger.models import Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.preferences import links
from clarion.records.preferences.links import Scope
from clarion.records.preferences.models import CategoryPreference, GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import caller_of, make_user

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]


def wish(user: User, frequency: str) -> None:
    GlobalPreference.objects.update_or_create(pk=user.id, defaults={"digest": {"frequency": frequency}})
    rechecks.ask([user.id], clock.now())


def send(user: User, title: str) -> UUID:
    asked = Send(
        caller=caller_of(user), user_id=user.id, channels=(EMAIL,), category="orders", subject=title, body="A body"
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def standing(one: UUID) -> str:
    row = Notification.objects.get(pk=one)
    return f"{row.status} {row.reason}".strip()


def subjects(mail: ScriptedProvider) -> list[str]:
    return [message.content.subject for message in mail.given]  # type: ignore[union-attr]


def end_windows() -> None:
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))


def leave_digests(user: User) -> bool:
    now = clock.now()
    return unsubscribe(meant(links.scoped_token(user.id, Scope.DIGEST, now), "", now), Source.ONE_CLICK, now)


def look_again() -> None:
    Recheck.objects.update(due_at=clock.now() - timedelta(seconds=1))
    rechecking.recheck()


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def test_a_change_while_a_worker_is_collecting_loses_nothing(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(ann, "daily")
    look_again()
    one = send(ann, "First")

    def changed_meanwhile(lease: int, fates: Sequence[Fate], now: datetime) -> int:
        if Item.objects.filter(pk=one).exists() and standing(one) == "pending":
            wish(ann, "immediate")
            rechecking.recheck()
        return settle.settle(lease, fates, now)

    monkeypatch.setattr(flow, "settle", changed_meanwhile)
    drain()
    assert standing(one) == "digested digested", "the worker had judged by the old wishes"
    look_again()
    drain()
    assert standing(one) == "sent"
    assert subjects(mail) == ["First"]
    assert not Item.objects.exists()


def test_what_lies_in_a_window_that_is_over_is_not_told_to_who_left_the_digests(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    wish(ann, "daily")
    one = send(ann, "First")
    drain()
    end_windows()
    assert leave_digests(ann)
    grouping.send_groups()
    drain()
    assert standing(one) == "suppressed digest_never"
    assert subjects(mail) == []
    assert Decision.objects.filter(notification_id=one).order_by("-id").values_list("reason", flat=True)[0] == (
        "digest_never"
    )


def test_a_digest_that_waits_to_be_sent_does_not_go_to_who_left_the_digests(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    wish(ann, "daily")
    send(ann, "First")
    drain()
    end_windows()
    assert grouping.send_groups() == 1
    digest = Notification.objects.order_by("-id")[0]
    assert leave_digests(ann)
    drain()
    assert standing(digest.id) == "suppressed digest_never"
    assert subjects(mail) == []


def test_a_digest_of_a_category_goes_out_though_others_are_never_wanted(
    ann: User, mail: ScriptedProvider, drain: Drain
) -> None:
    wish(ann, "never")
    orders = Category.objects.get(key="orders")
    CategoryPreference.objects.create(user=ann, category=orders, digest={"frequency": "daily"})
    one = send(ann, "First")
    drain()
    end_windows()
    assert grouping.send_groups() == 1
    drain()
    assert subjects(mail) == ["Your daily digest: 1 new"]
    assert standing(one) == "digested digested"


def test_a_digest_that_cannot_be_made_does_not_stop_the_others(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = make_user(reachable=False, email="bob@example.com")
    made = digest_content.digest_content

    def fails_for_ann(window: Window, *rest: Any) -> Any:
        if window.user_id == ann.id:
            raise RuntimeError("a bug")
        return made(window, *rest)

    for person in (ann, bob):
        wish(person, "daily")
        send(person, "First")
    drain()
    end_windows()
    with monkeypatch.context() as patched:
        patched.setattr(digest_content, "digest_content", fails_for_ann)
        assert grouping.send_groups() == 1
        assert grouping.send_groups() == 0, "it waits before it is tried again"
    drain()
    assert [message.target.value for message in mail.given] == ["bob@example.com"]
    window = Window.objects.get()
    assert (window.user_id, window.told_at) == (ann.id, None)
    assert window.waits_until is not None
    assert window.waits_until > clock.now() + timedelta(minutes=5)

    Window.objects.update(waits_until=clock.now() - timedelta(seconds=1))
    assert grouping.send_groups() == 1
    drain()
    assert len(mail.given) == 2
    assert not Window.objects.exists()


def test_what_was_told_of_while_a_second_worker_took_it_up_is_not_told_of_again(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(ann, "daily")
    one = send(ann, "First")
    with monkeypatch.context() as patched:  # the first worker dies with the item in its window
        patched.setattr(flow, "settle", lambda *_: 0)
        drain()
    assert standing(one) == "pending"
    assert Item.objects.filter(pk=one).exists()
    QueueEntry.objects.update(lease_until=clock.now() - timedelta(seconds=1))

    def told_meanwhile(batch: Any, now: datetime) -> Any:
        if any(work.id == one for work in batch):
            end_windows()
            assert grouping.send_groups() == 1
        return gate(batch, now)

    with monkeypatch.context() as patched:
        patched.setattr(flow, "gate", told_meanwhile)
        drain()
    assert standing(one) == "digested digested"
    end_windows()
    grouping.send_groups()
    drain()
    assert subjects(mail) == ["Your daily digest: 1 new"]
    assert not Window.objects.exists()
