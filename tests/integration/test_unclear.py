"""A message that may or may not have been taken: sent again or held, and what answers do, on real PostgreSQL."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Interrupted, Unreachable
from clarion.contract.input_error import InputError
from clarion.contract.message import Message
from clarion.contract.outcome import Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.delivery import flow
from clarion.flows.delivery.answers import Answer, resolve_unclear
from clarion.flows.ingest import changes
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.models import Category
from clarion.records.ledger import awaiting, queue
from clarion.records.ledger.models import Attempt, DeadLetter, Decision, Notification, QueueEntry
from clarion.records.people.models import User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, agree_to_marketing, caller_of, make_user

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]
LOST = Unclear(why=Reason.TIMEOUT)


class WorkerDied(BaseException):
    """Nothing catches it, as nothing catches SIGKILL: the worker is gone with its lease."""


def send(user: User, category: str = "marketing", **given: Any) -> UUID:
    agree_to_marketing(user)
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hello",
        body="A body",
        channels=(EMAIL,),
        category=category,
        **given,
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def row(identifier: UUID) -> Notification:
    return Notification.objects.get(pk=identifier)


def entry(identifier: UUID) -> QueueEntry:
    return QueueEntry.objects.get(pk=identifier)


def make_due(identifier: UUID) -> None:
    QueueEntry.objects.filter(pk=identifier).update(due_at=clock.now() - timedelta(seconds=1))


def outcomes(identifier: UUID) -> list[tuple[str, str, str]]:
    rows = Decision.objects.filter(notification_id=identifier).order_by("id")
    return list(rows.values_list("rule", "outcome", "reason"))


def attempts(identifier: UUID) -> list[tuple[int, str, str]]:
    rows = Attempt.objects.filter(notification_id=identifier).order_by("number")
    return list(rows.values_list("number", "outcome", "reason"))


def dies_after_taking(carried_by: Any) -> ScriptedProvider:
    """A provider that takes the message while its worker is killed: the answer is never read."""

    def script(message: Message) -> Any:
        raise WorkerDied

    provider = ScriptedProvider(script=script)
    carried_by(EMAIL, provider)
    return provider


def kill_a_worker(identifier: UUID, drain: Drain) -> None:
    with pytest.raises(WorkerDied):
        drain()
    QueueEntry.objects.filter(pk=identifier).update(lease_until=clock.now() - timedelta(seconds=1))


@pytest.fixture
def held(ann: User, carried_by: Any, drain: Drain) -> UUID:
    """A notification that is held for an answer."""
    carried_by(EMAIL, ScriptedProvider(script=lambda m: LOST if m.attempt == 1 else Sent(remote_id="second")))
    one = send(ann)
    drain()
    assert entry(one).awaits
    return one


def test_marketing_in_doubt_is_held_and_says_so(held: UUID, as_service: Api, drain: Drain) -> None:
    waits = entry(held).due_at - clock.now()
    assert timedelta(hours=23, minutes=59) < waits <= timedelta(hours=24)
    assert entry(held).lease is None
    assert drain() == 0, "nobody sends it"
    shown = as_service.get(f"notifications/{held}").json()
    assert shown["status"] == "pending"
    last = shown["decisions"][-1]
    assert (last["rule"], last["outcome"], last["reason"]) == ("unclear", "hold", "timeout")
    assert last["until"] is not None
    assert as_service.get(f"notifications/{held}/status").json()["next_attempt_at"] is None
    assert attempts(held) == [(1, "unclear", "timeout")]


def test_a_scheduled_one_reads_pending_while_it_is_held(
    ann: User, carried_by: Any, drain: Drain, as_service: Api
) -> None:
    carried_by(EMAIL, ScriptedProvider(script=lambda m: LOST))
    one = send(ann, scheduled_at=clock.now() + timedelta(hours=1))
    make_due(one)
    drain()
    assert as_service.get(f"notifications/{one}/status").json()["status"] == "pending"
    assert [each["id"] for each in as_service.get("notifications?status=pending").json()["results"]] == [str(one)]
    assert as_service.get("notifications?status=scheduled").json()["results"] == []


def test_transactional_in_doubt_is_sent_again(ann: User, carried_by: Any, drain: Drain) -> None:
    carried_by(EMAIL, ScriptedProvider(script=lambda m: LOST if m.attempt == 1 else Sent()))
    one = send(ann, "orders")
    drain()
    assert not entry(one).awaits
    make_due(one)
    drain()
    assert row(one).status == "sent"


def test_critical_marketing_is_sent_again(ann: User, carried_by: Any, drain: Drain) -> None:
    carried_by(EMAIL, ScriptedProvider(script=lambda m: LOST))
    one = send(ann, priority=1)
    drain()
    assert not entry(one).awaits
    assert outcomes(one)[-1] == ("attempt 1", "retry", "timeout")


def test_a_provider_that_tells_repeats_gets_the_same_id_again(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider(script=lambda m: LOST if m.attempt == 1 else Sent(), idempotent=True)
    carried_by(EMAIL, provider)
    one = send(ann)
    drain()
    make_due(one)
    drain()
    assert row(one).status == "sent"
    assert [message.id for message in provider.given] == [str(one), str(one)]


@pytest.mark.parametrize(("key", "policy", "held"), [("orders", "hold", True), ("marketing", "resend", False)])
def test_a_category_has_the_last_word(
    ann: User, carried_by: Any, drain: Drain, as_service: Api, key: str, policy: str, held: bool
) -> None:
    path = f"categories/{Category.objects.get(key=key).id}"
    assert as_service.patch(path, {"unclear": policy}).json()["unclear"] == policy
    carried_by(EMAIL, ScriptedProvider(script=lambda m: LOST))
    one = send(ann, key)
    drain()
    assert entry(one).awaits is held


def test_an_unknown_policy_is_refused_and_nothing_changes(as_service: Api) -> None:
    before = Category.objects.get(key="orders")
    assert as_service.patch(f"categories/{before.id}", {"unclear": "drop"}).status_code == 422
    assert Category.objects.get(key="orders").unclear == ""


def test_when_no_answer_comes_it_is_a_dead_letter_that_a_person_may_replay(
    held: UUID, drain: Drain, carried_by: Any
) -> None:
    make_due(held)
    assert drain() == 1
    assert (row(held).status, row(held).reason) == ("failed", "unclear")
    assert outcomes(held)[-1] == ("unclear", "failed", "unclear")
    assert attempts(held) == [(1, "unclear", "timeout")], "the end of the wait is no attempt"
    assert DeadLetter.objects.get(pk=held).reason == "unclear"
    changes.replay(row(held), clock.now())
    drain()
    assert row(held).status == "sent"
    assert attempts(held) == [(1, "unclear", "timeout"), (2, "sent", "")]


def test_a_worker_that_dies_while_it_ends_the_wait_leaves_no_attempt_behind(held: UUID, drain: Drain) -> None:
    make_due(held)
    queue.claim_due("email", 10)
    QueueEntry.objects.filter(pk=held).update(lease_until=clock.now() - timedelta(seconds=1))
    drain()
    assert (row(held).status, row(held).reason) == ("failed", "unclear")
    assert attempts(held) == [(1, "unclear", "timeout")]


@pytest.mark.parametrize("answer", [Answer.SENT, Answer.DELIVERED])
def test_an_answer_settles_it_as_what_it_says(held: UUID, answer: Answer, drain: Drain) -> None:
    assert resolve_unclear(held, answer, clock.now(), remote_id="r-1")
    found = row(held)
    assert (found.status, found.account, found.remote_id) == (str(answer), "scripted", "r-1")
    assert not QueueEntry.objects.exists()
    assert outcomes(held)[-1] == ("unclear", str(answer), "")
    assert not resolve_unclear(held, Answer.NOT_TAKEN, clock.now()), "the second answer finds nothing to decide"
    assert drain() == 0
    assert row(held).status == str(answer)


def test_an_answer_that_it_was_not_taken_sends_it_again(held: UUID, drain: Drain) -> None:
    assert resolve_unclear(held, Answer.NOT_TAKEN, clock.now(), detail="the provider knows no such message")
    assert outcomes(held)[-1] == ("unclear", "resend", "")
    drain()
    assert (row(held).status, row(held).remote_id) == ("sent", "second")


def test_an_answer_to_what_is_not_awaited_changes_nothing(ann: User, carried_by: Any) -> None:
    carried_by(EMAIL, ScriptedProvider())
    one = send(ann)
    assert not resolve_unclear(one, Answer.DELIVERED, clock.now())
    assert row(one).status == "pending"
    assert outcomes(one) == [("preferences", "allow", "")]
    assert QueueEntry.objects.filter(pk=one).exists()


def test_what_may_have_been_taken_is_neither_cancelled_nor_moved_to_another_time(held: UUID) -> None:
    before = entry(held).due_at
    with pytest.raises(InputError, match="a provider may have taken it"):
        changes.cancel(row(held), clock.now())
    with pytest.raises(InputError, match="a provider may have taken it"):
        changes.reschedule(row(held), clock.now() + timedelta(hours=2), "", clock.now())
    assert queue.withdraw_of_request(row(held).request_id, 10) == []
    assert (row(held).status, entry(held).due_at) == ("pending", before)


def test_a_crash_after_the_hand_over_holds(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = dies_after_taking(carried_by)
    one = send(ann)
    kill_a_worker(one, drain)
    assert entry(one).handed_over
    drain()
    assert len(provider.given) == 1, "it is not sent a second time"
    assert entry(one).awaits
    assert not entry(one).handed_over
    assert attempts(one) == [(1, "unclear", "worker_lost")]
    assert outcomes(one)[-1] == ("unclear", "hold", "worker_lost")


def test_a_crash_before_the_hand_over_sends(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    one = send(ann)
    queue.claim_due("email", 10)
    QueueEntry.objects.filter(pk=one).update(lease_until=clock.now() - timedelta(seconds=1))
    drain()
    assert len(provider.given) == 1
    assert row(one).status == "sent"


def test_a_crash_after_the_hand_over_resends_where_that_is_the_policy(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = dies_after_taking(carried_by)
    one = send(ann, "orders")
    kill_a_worker(one, drain)
    assert not entry(one).handed_over, "nothing is written where nothing would be held"
    provider.script = lambda m: Sent()
    drain()
    assert row(one).status == "sent"
    assert attempts(one) == [(1, "unclear", "worker_lost"), (2, "sent", "")]


def test_an_answer_about_a_crashed_one_comes_before_anybody_takes_it_up(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    provider = dies_after_taking(carried_by)
    one = send(ann)
    with pytest.raises(WorkerDied):
        drain()
    assert not resolve_unclear(one, Answer.NOT_TAKEN, clock.now()), "as far as is known, a worker holds it"
    QueueEntry.objects.filter(pk=one).update(lease_until=clock.now() - timedelta(seconds=1))
    assert resolve_unclear(one, Answer.NOT_TAKEN, clock.now())
    provider.script = lambda m: Sent()
    drain()
    assert row(one).status == "sent"
    assert attempts(one) == [(1, "unclear", "worker_lost"), (2, "sent", "")]


def test_what_nobody_took_is_not_marked_any_more(ann: User, carried_by: Any, drain: Drain) -> None:
    carried_by(EMAIL, ScriptedProvider(script=lambda m: Unreachable("no route")))
    one = send(ann)
    drain()
    assert (entry(one).handed_over, entry(one).awaits) == (False, False)


def test_a_worker_that_lost_its_lease_hands_nothing_over(ann: User, carried_by: Any) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    one = send(ann)
    stale = queue.claim_due("email", 10)
    QueueEntry.objects.filter(pk=one).update(lease_until=clock.now() - timedelta(seconds=1))
    assert flow.deliver(stale, flow._slots["email"][0].carriers) == 0
    assert provider.given == []
    assert row(one).status == "pending"


def test_a_break_half_way_holds_only_the_untold(carried_by: Any, drain: Drain) -> None:
    people = [make_user(email=f"p{n}@example.com") for n in range(4)]
    seen: list[str] = []

    def script(message: Message) -> Any:
        seen.append(message.id)
        return Sent() if len(seen) <= 2 else Interrupted("connection reset")

    carried_by(EMAIL, ScriptedProvider(script=script))
    ids = [send(person) for person in people]
    drain()
    assert sorted(row(one).status for one in ids) == ["pending", "pending", "sent", "sent"]
    assert QueueEntry.objects.filter(awaits=True).count() == 2
    assert len(seen) == 3


def test_the_mark_is_committed_before_the_provider_is_called(real_ground: None, carried_by: Any) -> None:
    seen: list[bool] = []

    def from_elsewhere() -> None:
        try:
            seen.extend(QueueEntry.objects.values_list("handed_over", flat=True))
        finally:
            connection.close()

    def script(message: Message) -> Any:
        other = threading.Thread(target=from_elsewhere)
        other.start()
        other.join(10)
        return Sent()

    carried_by(EMAIL, ScriptedProvider(script=script))
    send(make_user(email="ann@example.com"))
    assert flow.drain("email") == 1
    assert seen == [True]


def test_the_mark_mostly_stays_on_its_page_and_then_writes_no_index(real_ground: None) -> None:
    ann = make_user(email="ann@example.com")
    ids = [send(ann) for _ in range(200)]
    batch = queue.claim_due("email", 200)
    before = hot_updates()
    with transaction.atomic():
        assert awaiting.hand_over(batch.lease, ids) == set(ids)
        updated, hot = (now - then for now, then in zip(hot_updates(), before, strict=True))
    assert updated == 200
    assert hot >= 150, "no index holds the column; only a full page makes a row move"


def hot_updates() -> tuple[int, int]:
    """Rows of the queue that this connection updated lately, and how many of these updates were HOT."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relname = 'ledger_queue'")
        updated, hot = cursor.fetchone()
    return int(updated), int(hot)
