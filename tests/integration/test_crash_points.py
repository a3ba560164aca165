"""Every crash point is reached by the work that leads there, and what dies there is made good by the living: nothing is
lost, and only where a provider may have taken it is anything sent twice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.flows.delivery import beat
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.crashing import Point, watched
from clarion.records.ledger.models import Attempt, DeadLetter, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api

Drain = Callable[[], int]
Commits = Any
AMBIGUOUS = {Point.PROVIDER_TOOK, Point.WORKER_UNSETTLED}
SEND = {"subject": "Hello", "body": "A body", "category": "orders"}
GONE = Rejected(why=Reason.ADDRESS_UNREACHABLE)
# what leads to the points that an ordinary email does not pass
CHAIN = {**SEND, "fallback": ["sms", "email"]}
BULK = {**SEND, "channel": "email"}


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


@pytest.mark.parametrize("point", list(Point))
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
