"""Digests when several processes are at them, or one dies: every item is told of once, or not at all for a reason."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.delivery import flow, grouping, rechecking
from clarion.flows.ingest import changes
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.crashing import Point, watched
from clarion.records.digests import rechecks
from clarion.records.digests.models import Item, Window
from clarion.records.ledger.models import Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.records.preferences.models import GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import caller_of, make_user

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]
TOLD = "told of in"


class Died(BaseException):
    """The process is gone."""


def wish(user: User, frequency: str) -> None:
    GlobalPreference.objects.update_or_create(pk=user.id, defaults={"digest": {"frequency": frequency}})
    rechecks.ask([user.id], clock.now())


def send(user: User, count: int = 1) -> list[UUID]:
    def one(number: int) -> UUID:
        asked = Send(
            caller=caller_of(user),
            user_id=user.id,
            channels=(EMAIL,),
            category="orders",
            subject=f"Order {number}",
            body="A body",
        )
        return ingest.send(asked, clock.now()).notifications[0].id

    return [one(number) for number in range(count)]


def end_windows() -> None:
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))


def in_parallel(*works: Callable[[], object]) -> None:
    faults: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


@pytest.fixture
def mail(carried_by: Any) -> ScriptedProvider:
    provider = ScriptedProvider(name="mailer")
    carried_by(EMAIL, provider)
    return provider


def test_four_schedulers_make_one_digest_each_window(real_ground: None, drain: Drain) -> None:
    people = [make_user(reachable=False, email=f"p{number}@example.com") for number in range(20)]
    for person in people:
        wish(person, "daily")
    ids = [one for person in people for one in send(person, 3)]
    drain()
    end_windows()
    in_parallel(*[grouping.send_groups] * 4)
    digests = Notification.objects.exclude(pk__in=ids)
    assert sorted(digests.values_list("user_id", flat=True)) == sorted(person.id for person in people)
    said = Decision.objects.filter(notification_id__in=ids, detail__startswith=TOLD)
    assert sorted(said.values_list("notification_id", flat=True)) == sorted(ids)
    assert not Window.objects.exists()


def test_a_death_while_a_digest_is_closed_makes_one_digest(ann: User, mail: ScriptedProvider, drain: Drain) -> None:
    wish(ann, "daily")
    ids = send(ann, 2)
    drain()
    end_windows()
    reached: list[Point] = []

    def die_once(point: Point) -> None:
        reached.append(point)
        if point is Point.GROUP_CLOSING and reached.count(point) == 1:
            raise Died

    with watched(die_once):
        with pytest.raises(Died), transaction.atomic():
            grouping.send_groups()
        assert Notification.objects.count() == 2, "nothing of it stands"
        assert grouping.send_groups() == 1
        assert grouping.send_groups() == 0
        drain()
    assert reached.count(Point.GROUP_CLOSING) == 2
    assert [message.content.subject for message in mail.given] == ["Your daily digest: 2 new"]  # type: ignore[union-attr]
    assert Decision.objects.filter(notification_id__in=ids, detail__startswith=TOLD).count() == 2


def test_a_worker_that_dies_between_collecting_and_settling_loses_nothing(
    ann: User, mail: ScriptedProvider, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish(ann, "daily")
    ids = send(ann, 2)
    with monkeypatch.context() as patched:
        patched.setattr("clarion.flows.delivery.flow.settle", _dies)
        with pytest.raises(Died):
            drain()
    assert Item.objects.count() == 2
    assert set(Notification.objects.values_list("status", flat=True)) == {"pending"}
    end_windows()
    assert grouping.send_groups() == 1
    assert set(Notification.objects.filter(pk__in=ids).values_list("status", flat=True)) == {"digested"}
    assert not QueueEntry.objects.filter(pk__in=ids).exists()
    drain()
    assert len(mail.given) == 1


def _dies(*_: Any) -> int:
    raise Died


def test_cancelling_closing_and_letting_go_at_once_end_each_item_once(real_ground: None, drain: Drain) -> None:
    ann = make_user()
    wish(ann, "daily")
    ids = send(ann, 30)
    drain()
    end_windows()
    cancelled: list[UUID] = []

    def cancel() -> None:
        for one in ids[::3]:
            with suppress(InputError):  # it is too late
                changes.cancel(Notification.objects.get(pk=one), clock.now())
                cancelled.append(one)

    def let_go() -> None:
        wish(ann, "immediate")
        rechecking.recheck()

    in_parallel(cancel, grouping.send_groups, let_go, grouping.send_groups)
    _each_ended_once(ids, cancelled)


def _each_ended_once(ids: list[UUID], cancelled: list[UUID]) -> None:
    for one in ids:
        told = Decision.objects.filter(notification_id=one, detail__startswith=TOLD).count()
        queued = QueueEntry.objects.filter(pk=one).count()
        collected = Item.objects.filter(pk=one).count()
        status = Notification.objects.get(pk=one).status
        assert (status == "cancelled") == (one in cancelled)
        assert told + queued + collected + (one in cancelled) == 1, (status, told, queued, collected)
        assert queued == (status == "pending")


STEPS = ("send", "drain", "close", "cancel", "immediate", "daily", "hourly", "never", "recheck")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(STEPS), min_size=4, max_size=14), st.integers(0, 10**6))
def test_whatever_happens_in_which_order_each_item_ends_once(
    ground: None, carried_by: Any, drain: Drain, steps: list[str], draw: int
) -> None:
    rng = random.Random(draw)
    provider = ScriptedProvider(name=f"m{draw}")
    for slot in (slot for slots in flow._slots.values() for slot in slots):
        slot.carriers.close()  # an account that the example before had open would carry the mail of this one
        slot.carriers.forget()
        slot.carriers._accounts = []
    with transaction.atomic():
        carried_by(EMAIL, provider)
        user, ids = make_user(), []
        wish(user, "daily")
        for step in steps:
            ids += _act(step, user, ids, drain, rng)
        wish(user, "daily")
        for _ in range(2):
            rechecking.recheck()
            drain()
            end_windows()
            grouping.send_groups()
            drain()
        _judge(ids, provider)
        transaction.set_rollback(True)


def _act(step: str, user: User, ids: list[UUID], drain: Drain, rng: random.Random) -> list[UUID]:
    match step:
        case "send":
            return send(user, rng.randint(1, 3))
        case "drain":
            drain()
        case "close":
            end_windows()
            grouping.send_groups()
        case "cancel" if ids:
            with suppress(InputError), transaction.atomic():
                changes.cancel(Notification.objects.get(pk=rng.choice(ids)), clock.now())
        case "recheck":
            rechecking.recheck()
        case "immediate" | "daily" | "hourly" | "never":
            wish(user, step)
    return []


def _judge(ids: list[UUID], provider: ScriptedProvider) -> None:
    sent = [message.notification_id for message in provider.given]
    assert len(sent) == len(set(sent))
    for one in ids:
        told = Decision.objects.filter(notification_id=one, detail__startswith=TOLD).count()
        status = Notification.objects.get(pk=one).status
        ended = status in ("cancelled", "suppressed")
        assert told + sent.count(str(one)) + ended == 1, (status, told)
    assert not Window.objects.exists()
    assert not Item.objects.exists()
    assert not QueueEntry.objects.exists()
