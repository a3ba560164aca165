"""Every crash point is reached by the work that leads there, and what dies there is made good by the living: nothing is
lost, and only where a provider may have taken it is anything sent twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Kind
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.flows.delivery import beat, grouping
from clarion.flows.feedback import flow as feedback
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.categories.catalog import catalog as categories
from clarion.records.categories.models import Category
from clarion.records.crashing import Point, watched
from clarion.records.digests.models import Window
from clarion.records.feedback.models import Task
from clarion.records.ledger.models import Attempt, DeadLetter, Event, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.surfaces.cli.chaos.point_cases import CASES, NOT_HERE
from clarion.testing.scripted import ScriptedProvider
from clarion.testing.scripted_feedback import ScriptedVendor
from tests.conftest import Api, caller_of
from tests.integration.callbacks import about, call
from tests.integration.conftest import Carry

Drain = Callable[[], int]
Commits = Any
AMBIGUOUS = {Point.PROVIDER_TOOK, Point.WORKER_UNSETTLED}
SEND = {"subject": "Hello", "body": "A body", "category": "orders"}
GONE = Rejected(why=Reason.ADDRESS_UNREACHABLE)
# what leads to the points that an ordinary email does not pass
CHAIN = {**SEND, "fallback": ["sms", "email"]}
BULK = {**SEND, "channel": "email"}


WITHOUT_A_CALL = (Point.GROUP_CLOSING, Point.CALLBACK_KEPT, Point.CALLBACK_APPLIED)
BY_A_CALL = [point for point in Point if point not in WITHOUT_A_CALL]


class Died(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


class Once:
    """Kills at the first visit of one point, and notes every point that was reached."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.reached: list[Point] = []
        self.struck = False

    def __call__(self, point: Point) -> None:
        self.reached.append(point)
        if point is self.point and not self.struck:
            self.struck = True
            raise Died


class Scene:
    """A client, a worker and the scheduler in one process; each may die and comes back."""

    def __init__(self, api: Api, drain: Drain, commits: Commits, user: User) -> None:
        self.api = api
        self.drain = drain
        self.commits = commits
        self.user = user

    def call(self, path: str, body: dict[str, Any]) -> Any:
        """A call under one key; what runs after the commit runs."""
        with self.commits(execute=True):
            answer = self.api.post(path, body, headers={"Idempotency-Key": "the-same"})
        assert answer.status_code in (201, 202), answer.content
        return answer

    def go_on(self) -> None:
        """Some time later: leases have run out, what waits is due, the scheduler looks, a worker works."""
        past = clock.now() - timedelta(seconds=1)
        QueueEntry.objects.update(due_at=past)
        QueueEntry.objects.filter(lease__isnull=False).update(lease_until=past)
        beat.ring_due()
        with self.commits(execute=True):
            self.drain()

    def play(self, path: str, body: dict[str, Any]) -> None:
        """The call, asked again when it was not answered, and everything after it, three times over."""
        for act in (lambda: self.call(path, body), *[self.go_on] * 5):
            try:
                act()
            except Died:
                if act is not self.go_on:
                    self.call(path, body)


@pytest.fixture
def scene(as_service: Api, drain: Drain, django_capture_on_commit_callbacks: Commits, ann: User) -> Scene:
    return Scene(as_service, drain, django_capture_on_commit_callbacks, ann)


def asked_for(point: Point, user: User) -> tuple[str, dict[str, Any]]:
    """The call that leads to the point."""
    if point is Point.BULK_CHUNK_STORED:
        return "notifications/bulk", {**BULK, "recipients": [{"user_id": str(user.id)}]}
    if point is Point.CHAIN_HANDED_ON:
        return "notifications/send", {**CHAIN, "user_id": str(user.id)}
    return "notifications/send", {**SEND, "user_id": str(user.id), "channel": "email"}


def answers(point: Point) -> Callable[[Message], Any]:
    """The provider's part: takes everything, but where the point is about a failure."""
    if point is Point.RETRY_GIVEN_BACK:
        return lambda message: Sent() if message.attempt > 1 else Retry(why=Reason.TEMPORARY)
    if point is Point.DEAD_LETTER_MOVED:
        return lambda message: GONE
    return lambda message: GONE if message.target.value.startswith("+") else Sent()


def carry(carried_by: Any, provider: ScriptedProvider) -> None:
    """The provider carries email, and SMS for the chain."""
    carried_by(ChannelKey.EMAIL, provider)
    book.mirror({ChannelKey.EMAIL: [f"{provider.name}://"], ChannelKey.SMS: [f"{provider.name}://"]})


@pytest.mark.parametrize("point", BY_A_CALL)
def test_a_death_at_this_point_loses_nothing(point: Point, scene: Scene, carried_by: Any) -> None:
    mail = ScriptedProvider(name="mail", script=answers(point))
    carry(carried_by, mail)
    hook = Once(point)
    with watched(hook):
        scene.play(*asked_for(point, scene.user))
    assert hook.struck, f"nothing passes {point}"
    assert QueueEntry.objects.count() == 0
    mails = Notification.objects.filter(channel="email")
    assert mails.count() == 1, "the same call twice is carried out once, and a chain goes on once"
    if point is Point.DEAD_LETTER_MOVED:
        assert (mails[0].status, DeadLetter.objects.count()) == ("failed", 1)
        return
    assert mails[0].status == "sent"
    assert DeadLetter.objects.count() == 0
    taken = sum(isinstance(answers(point)(message), Sent) for message in mail.given)
    assert taken == (2 if point in AMBIGUOUS else 1), "sent twice only where nobody can know"


def test_who_died_with_a_message_in_hand_is_on_record(scene: Scene, carried_by: Any) -> None:
    carry(carried_by, ScriptedProvider(name="mail"))
    with watched(Once(Point.WORKER_UNSETTLED)):
        scene.play(*asked_for(Point.WORKER_UNSETTLED, scene.user))
    rows = Attempt.objects.order_by("number").values_list("number", "outcome", "reason")
    assert list(rows) == [(1, "unclear", "worker_lost"), (2, "sent", "")]


def test_an_ordinary_send_passes_the_points_in_order(scene: Scene, carried_by: Any) -> None:
    carry(carried_by, ScriptedProvider(name="mail"))
    seen: list[Point] = []
    with watched(seen.append):
        scene.call(*asked_for(Point.WORKER_CLAIMED, scene.user))
        scene.drain()
    order = [point for point in dict.fromkeys(seen) if point is not Point.WORKER_WOKEN]
    assert order == [
        Point.API_BEFORE_COMMIT,
        Point.API_COMMITTED,
        Point.BELL_UNRUNG,
        Point.BELL_MARKED,
        Point.WORKER_CLAIMED,
        Point.WORKER_HANDING_OVER,
        Point.PROVIDER_TOOK,
        Point.WORKER_UNSETTLED,
        Point.WORKER_SETTLED,
    ]


def test_a_death_while_a_group_is_closed_makes_one_group(
    ann: User, carried_by: Any, drain: Drain, django_capture_on_commit_callbacks: Commits, as_service: Api
) -> None:
    mail = ScriptedProvider(name="mail")
    carry(carried_by, mail)
    Category.objects.filter(key="orders").update(group_above=1)
    categories.read()
    scene = Scene(as_service, drain, django_capture_on_commit_callbacks, ann)
    for _ in range(3):
        as_service.post("notifications/send", {**SEND, "user_id": str(ann.id), "channel": "email"})
    drain()
    Window.objects.update(closes_at=clock.now() - timedelta(seconds=1))
    hook = Once(Point.GROUP_CLOSING)
    with watched(hook):
        with pytest.raises(Died), transaction.atomic():
            grouping.send_groups()
        assert Notification.objects.filter(status="digested").count() == 2
        assert Notification.objects.count() == 3
        assert grouping.send_groups() == 1
        assert grouping.send_groups() == 0
        scene.go_on()
    assert hook.struck
    assert Notification.objects.count() == 4
    assert len(mail.given) == 2, "the first by itself, the other two as one"


@pytest.mark.parametrize("point", [Point.CALLBACK_KEPT, Point.CALLBACK_APPLIED])
def test_a_death_over_a_callback_applies_it_once(point: Point, ann: User, carried_by: Carry, drain: Drain) -> None:
    vendor = ScriptedVendor()
    carried_by(ChannelKey.EMAIL, vendor)
    asked = Send(caller=caller_of(ann), user_id=ann.id, channels=(ChannelKey.EMAIL,), **SEND)
    row = Notification.objects.get(pk=ingest.send(asked, clock.now()).notifications[0].id)
    drain()
    row.refresh_from_db()
    hook = Once(point)
    with watched(hook):
        if point is Point.CALLBACK_KEPT:
            with pytest.raises(Died):
                call(vendor, [about(row, Kind.DELIVERED)])
            assert Task.objects.count() == 1, "it is kept, though the vendor does not know"
        assert call(vendor, [about(row, Kind.DELIVERED)]).status_code == 200
        if point is Point.CALLBACK_APPLIED:
            with pytest.raises(Died):
                feedback.drain()
            row.refresh_from_db()
            assert row.status == "sent", "nothing of it is written"
            Task.objects.update(due_at=clock.now() - timedelta(seconds=1))
        feedback.drain()
    assert hook.struck
    row.refresh_from_db()
    assert row.status == "delivered"
    assert Task.objects.count() == 0
    told = Event.objects.filter(notification_id=row.id, type="delivered").count()
    assert told == 1, "the vendor came twice, and it happened once"


def test_every_point_is_tried_here_or_by_the_chaos_command() -> None:
    here = {*WITHOUT_A_CALL, *BY_A_CALL}
    assert here == set(Point)
    assert {case.point for case in CASES} == set(Point) - NOT_HERE
