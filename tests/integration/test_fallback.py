"""Chains of channels: who takes over, when, and that it is never two at once, on real PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import beat, fallback, flow, unread
from clarion.flows.ingest import changes
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Fallback, Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.inbox import changing
from clarion.records.inbox.changing import Change
from clarion.records.ledger import queue
from clarion.records.ledger.models import (
    DeadLetter,
    Decision,
    FallbackTimer,
    Notification,
    QueueEntry,
)
from clarion.records.people.models import User
from clarion.records.preferences.models import GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import Api, agree_to_marketing, caller_of, make_user

PUSH, SMS, EMAIL, IN_APP = ChannelKey.PUSH, ChannelKey.SMS, ChannelKey.EMAIL, ChannelKey.IN_APP
Drain = Callable[[], int]
GONE = Rejected(why=Reason.ADDRESS_UNREACHABLE)


def send(user: User, *chain: ChannelKey, after: int | None = None, **given: Any) -> UUID:
    if given.get("category") == "marketing":
        agree_to_marketing(user)
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hello",
        body="A body",
        fallback=Fallback(channels=chain, after_seconds=after),
        **given,
    )
    (one,) = ingest.send(asked, clock.now()).notifications
    return one.id


def row(identifier: UUID) -> Notification:
    return Notification.objects.get(pk=identifier)


def standing() -> list[tuple[str, str, str]]:
    """Channel, status and reason of every notification, oldest first."""
    return list(Notification.objects.order_by("id").values_list("channel", "status", "reason"))


def last_decision(identifier: UUID) -> tuple[str, str, str]:
    found = Decision.objects.filter(notification_id=identifier).order_by("-id")[0]
    return found.rule, found.outcome, found.detail


def after(seconds: float) -> int:
    """The scheduler's tick, some time later. What it queues is due at once, by the database's clock, too."""
    before = set(QueueEntry.objects.values_list("pk", flat=True))
    with clock.standing_at(clock.now() + timedelta(seconds=seconds)):
        count = unread.hand_on_due()
    QueueEntry.objects.exclude(pk__in=before).update(due_at=clock.now() - timedelta(seconds=1))
    return count


Providers = dict[ChannelKey, ScriptedProvider]


@pytest.fixture
def carried(redis_db: None) -> Iterator[Callable[[Providers], None]]:
    """`carried({PUSH: provider, SMS: other})`: a chain has several channels."""
    before = installed()

    def use(providers: Providers) -> None:
        install(Registry([*wiring.PROVIDERS, *(p.entry() for p in providers.values())]), before.host)
        book.mirror({channel: [f"{p.name}://"] for channel, p in providers.items()})

    yield use
    install(before.registry, before.host)


@pytest.fixture
def failing(ground: None, carried: Any) -> Providers:
    """Push refuses for good; SMS and email take everything."""
    found = {
        PUSH: ScriptedProvider(name="pusher", script=lambda m: GONE),
        SMS: ScriptedProvider(name="texter"),
        EMAIL: ScriptedProvider(name="mailer"),
    }
    carried(found)
    return found


def drained(drain: Drain) -> list[tuple[str, str, str]]:
    """What stands when everything due was delivered, and what that made due."""
    while drain():
        pass
    return standing()


def test_a_failure_hands_on_to_the_next_channel_with_the_same_content(
    ann: User, failing: Providers, drain: Drain
) -> None:
    first = send(ann, PUSH, SMS, EMAIL, reference="order-1", priority=2)
    assert drained(drain) == [("push", "failed", "address_unreachable"), ("sms", "sent", "")]
    second = Notification.objects.get(channel="sms")
    same = ("request_id", "user_id", "category_id", "template_id", "version_id", "priority", "reference", "caller_id")
    assert [getattr(second, name) for name in same] == [getattr(row(first), name) for name in same]
    assert failing[SMS].given[0].content.body == "A body"  # type: ignore[union-attr]
    assert failing[EMAIL].given == []
    assert last_decision(first) == ("fallback", "handed_on", f"to sms ({second.id})")
    assert last_decision(second.id) == ("fallback", "allow", f"after push ({first}) failed: address_unreachable")
    assert not DeadLetter.objects.exists(), "somebody else is at work on it"


def test_a_template_keeps_the_version_that_was_current_at_the_call(
    ann: User, failing: Providers, drain: Drain, as_service: Api
) -> None:
    content = {
        "push": {"default": {"title": "Hi", "body": "{{ code }}"}},
        "sms": {"default": {"body": "code {{ code }}"}},
    }
    made = as_service.post(
        "templates",
        {"path": "code", "name": "Code", "category": "orders", "required_variables": ["code"], "content": content},
    )
    assert made.status_code == 201, made.content
    sent = as_service.post(
        "notifications/send",
        {
            "user_id": str(ann.id),
            "template_path": "code",
            "channel": "push",
            "context": {"code": "47"},
            "fallback": ["sms"],
        },
    )
    assert sent.status_code == 201, sent.content
    drained(drain)
    assert failing[SMS].given[0].content.body == "code 47"  # type: ignore[union-attr]
    assert len(set(Notification.objects.values_list("version_id", flat=True))) == 1


def test_a_failure_is_settled_together_with_what_takes_over(
    ann: User, failing: Providers, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    def crash(*args: Any) -> None:
        raise Crash

    first = send(ann, PUSH, SMS)
    with monkeypatch.context() as patched:
        patched.setattr(fallback.bell, "ring_after_commit", crash)
        with pytest.raises(Crash):
            drain()
    assert standing() == [("push", "pending", "")], "neither half was written"
    QueueEntry.objects.filter(pk=first).update(lease_until=clock.now() - timedelta(seconds=1))
    assert drained(drain) == [("push", "failed", "address_unreachable"), ("sms", "sent", "")]


def test_attempts_that_are_to_be_made_come_first(ann: User, failing: Providers, drain: Drain) -> None:
    failing[PUSH].script = lambda m: Retry(why=Reason.TEMPORARY)
    send(ann, PUSH, SMS)
    assert drained(drain) == [("push", "pending", "")]


def test_a_channel_that_is_switched_off_or_has_no_address_is_passed_over(failing: Providers, drain: Drain) -> None:
    user = make_user(email="bo@example.com", phone="")
    GlobalPreference.objects.create(user=user, channels={"in_app": False})
    first = send(user, PUSH, SMS, IN_APP, EMAIL)
    assert drained(drain) == [("push", "failed", "address_unreachable"), ("email", "sent", "")]
    to = Notification.objects.get(channel="email").id
    detail = f"to email ({to}); passed over sms: no_address, in_app: channel_off"
    assert last_decision(first) == ("fallback", "handed_on", detail)


def test_a_chain_that_is_exhausted_stays_failed(ann: User, failing: Providers, drain: Drain) -> None:
    failing[SMS].script = lambda m: GONE
    GlobalPreference.objects.create(user=ann, channels={"email": False})
    send(ann, PUSH, SMS, EMAIL)
    assert drained(drain) == [("push", "failed", "address_unreachable"), ("sms", "failed", "address_unreachable")]
    last = Notification.objects.get(channel="sms").id
    assert last_decision(last) == ("fallback", "exhausted", "no further channel; passed over email: channel_off")
    assert list(DeadLetter.objects.values_list("id", flat=True)) == [last], "that one waits for a person"
    changes.replay(row(last), clock.now())
    failing[SMS].script = lambda m: Sent()
    assert drained(drain) == [("push", "failed", "address_unreachable"), ("sms", "sent", "")]


def test_expiry_ends_a_chain(ann: User, failing: Providers, drain: Drain) -> None:
    send(ann, PUSH, SMS, expires_at=clock.now() + timedelta(hours=1))
    with clock.standing_at(clock.now() + timedelta(hours=2)):
        assert drained(drain) == [("push", "expired", "expired")]


def test_a_cancelled_one_has_no_fallback(ann: User, failing: Providers, drain: Drain) -> None:
    first = send(ann, PUSH, SMS, after=60)
    changes.cancel(row(first), clock.now())
    assert after(61) == 1
    assert drained(drain) == [("push", "cancelled", "cancelled")]
    assert not FallbackTimer.objects.exists()


def test_what_was_held_in_vain_hands_on(ann: User, failing: Providers, drain: Drain) -> None:
    failing[PUSH].script = lambda m: Unclear(why=Reason.TIMEOUT)
    first = send(ann, PUSH, SMS, category="marketing", bypass=True)
    assert drained(drain) == [("push", "pending", "")]
    QueueEntry.objects.filter(pk=first).update(due_at=clock.now() - timedelta(seconds=1))
    assert drained(drain) == [("push", "failed", "unclear"), ("sms", "sent", "")]


def test_what_is_not_read_in_time_hands_on_once(ann: User, failing: Providers, drain: Drain) -> None:
    first = send(ann, IN_APP, SMS, after=60)
    drained(drain)
    assert after(59) == 0
    assert standing() == [("in_app", "delivered", "")]
    assert after(61) == 1
    assert drained(drain) == [("in_app", "delivered", ""), ("sms", "sent", "")]
    sms = Notification.objects.get(channel="sms").id
    assert last_decision(first) == ("fallback", "handed_on", f"to sms ({sms})")
    assert last_decision(sms) == ("fallback", "allow", f"after in_app ({first}) delivered, but not read in time")
    assert after(600) == 0, "the last of the chain has no timer"


def test_what_is_read_in_time_does_not(ann: User, failing: Providers, drain: Drain) -> None:
    first = send(ann, IN_APP, SMS, after=60)
    drained(drain)
    assert changing.change(ann.id, Change.READ, clock.now(), ids=[first]).items
    assert after(61) == 1
    assert drained(drain) == [("in_app", "read", "")]
    assert not FallbackTimer.objects.exists()


def test_what_was_read_before_its_delivery_was_settled_counts_as_read(
    ann: User, failing: Providers, drain: Drain
) -> None:
    first = send(ann, IN_APP, SMS, after=60)
    drained(drain)
    unread.InboxItem.objects.filter(pk=first).update(read_at=clock.now())
    after(61)
    assert drained(drain) == [("in_app", "delivered", "")]


def test_a_channel_that_cannot_be_read_must_have_arrived(ann: User, failing: Providers, drain: Drain) -> None:
    failing[SMS].confirms_delivery = True
    send(ann, SMS, EMAIL, after=60)
    other = send(make_user(email="bo@example.com"), EMAIL, SMS, after=60)
    drained(drain)
    assert standing() == [("sms", "delivered", ""), ("email", "sent", "")]
    assert after(61) == 2
    assert standing() == [("sms", "delivered", ""), ("email", "sent", ""), ("sms", "pending", "")]
    assert last_decision(other)[1] == "handed_on"


def test_what_still_waits_is_stopped_before_the_next_goes(ann: User, failing: Providers, drain: Drain) -> None:
    failing[PUSH].script = lambda m: Retry(why=Reason.TEMPORARY)
    first = send(ann, PUSH, SMS, after=60)
    drained(drain)
    after(61)
    assert standing() == [("push", "cancelled", "superseded"), ("sms", "pending", "")]
    assert not QueueEntry.objects.filter(pk=first).exists()
    assert drained(drain) == [("push", "cancelled", "superseded"), ("sms", "sent", "")]
    assert len(failing[PUSH].given) == 1


def test_what_a_worker_holds_is_looked_at_again(ann: User, failing: Providers) -> None:
    first = send(ann, PUSH, SMS, after=60)
    queue.claim_due("push", 10)
    assert after(61) == 1
    assert standing() == [("push", "pending", "")], "never two channels at once"
    QueueEntry.objects.filter(pk=first).update(lease_until=clock.now() - timedelta(seconds=1))
    assert after(70) == 1
    assert standing() == [("push", "cancelled", "superseded"), ("sms", "pending", "")]


def test_what_is_held_for_an_answer_is_given_up_as_unclear(ann: User, failing: Providers, drain: Drain) -> None:
    failing[PUSH].script = lambda m: Unclear(why=Reason.TIMEOUT)
    send(ann, PUSH, SMS, after=60, category="marketing", bypass=True)
    drained(drain)
    after(61)
    assert drained(drain) == [("push", "failed", "unclear"), ("sms", "sent", "")]
    assert not DeadLetter.objects.exists()


def test_what_still_waits_goes_on_trying_when_no_channel_can_take_over(
    ann: User, failing: Providers, drain: Drain
) -> None:
    failing[PUSH].script = lambda m: Retry(why=Reason.TEMPORARY)
    GlobalPreference.objects.create(user=ann, channels={"sms": False})
    first = send(ann, PUSH, SMS, after=60)
    drained(drain)
    after(61)
    assert standing() == [("push", "pending", "")]
    assert QueueEntry.objects.filter(pk=first).exists()
    assert last_decision(first) == ("fallback", "exhausted", "no further channel; passed over sms: channel_off")


def test_the_time_counts_from_when_it_is_due(ann: User, failing: Providers, drain: Drain) -> None:
    first = send(ann, PUSH, SMS, after=60, scheduled_at=clock.now() + timedelta(hours=1))
    assert after(600) == 0
    changes.reschedule(row(first), clock.now() + timedelta(hours=3), "", clock.now())
    assert after(3_700) == 1
    assert standing() == [("push", "scheduled", "")]
    assert after(3 * 3_600 + 50) == 0
    assert after(3 * 3_600 + 70) == 1
    assert standing() == [("push", "cancelled", "superseded"), ("sms", "pending", "")]


def test_a_failure_before_the_time_hands_on_once_and_the_next_has_its_own_time(
    ann: User, failing: Providers, drain: Drain
) -> None:
    failing[SMS].script = lambda m: Retry(why=Reason.TEMPORARY)
    send(ann, PUSH, SMS, EMAIL, after=60)
    assert drained(drain) == [("push", "failed", "address_unreachable"), ("sms", "pending", "")]
    assert after(61) == 2
    expected = [("push", "failed", "address_unreachable"), ("sms", "cancelled", "superseded"), ("email", "sent", "")]
    assert drained(drain) == expected


def test_a_tick_that_crashes_is_made_up_for_by_the_next(
    ann: User, failing: Providers, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*args: Any) -> None:
        raise KeyboardInterrupt

    send(ann, IN_APP, SMS, after=60)
    drained(drain)
    with monkeypatch.context() as patched:
        patched.setattr(unread.fallbacks, "set_timers", crash)
        with pytest.raises(KeyboardInterrupt):
            after(61)
    assert standing() == [("in_app", "delivered", "")]
    assert FallbackTimer.objects.count() == 1
    assert after(61) == 1
    assert drained(drain) == [("in_app", "delivered", ""), ("sms", "sent", "")]


def test_the_scheduler_asks_every_second() -> None:
    assert [tick.every_seconds for tick in beat.ticks() if tick.name == "hand_on_due"] == [1.0]


def test_the_first_channel_is_the_first_that_reaches_and_is_wanted(failing: Providers, drain: Drain) -> None:
    user = make_user(email="bo@example.com", phone="")
    GlobalPreference.objects.create(user=user, channels={"push": False})
    first = send(user, SMS, PUSH, EMAIL)
    assert row(first).channel == "email"
    assert last_decision(first) == ("preferences", "allow", "passed over sms: no_address, push: channel_off")


def test_a_person_who_wants_none_of_the_channels_gets_none(ann: User, failing: Providers, drain: Drain) -> None:
    GlobalPreference.objects.create(user=ann, channels={"push": False, "sms": False})
    send(ann, PUSH, SMS)
    assert drained(drain) == [("push", "suppressed", "channel_off")]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"channels": (PUSH, EMAIL), "chain": (SMS,)}, "ambiguous_channels"),
        ({"channels": (PUSH,), "chain": (PUSH,)}, "chain_too_short"),
    ],
)
def test_a_chain_that_makes_no_sense_is_refused_and_nothing_stored(ann: User, given: Any, code: str) -> None:
    with pytest.raises(InputError) as refused:
        send(ann, *given["chain"], channels=given["channels"])
    assert (refused.value.code, refused.value.pointer) == (code, "/fallback")
    assert not Notification.objects.exists()


def test_a_template_must_have_content_for_the_whole_chain(ann: User, as_service: Api) -> None:
    as_service.post(
        "templates",
        {
            "path": "mail",
            "name": "Mail",
            "category": "orders",
            "content": {"email": {"default": {"subject": "s", "text": "t"}}},
        },
    )
    body = {"user_id": str(ann.id), "template_path": "mail", "channel": "email", "fallback": {"channels": ["sms"]}}
    refused = as_service.post("notifications/send", body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["code"] == "channel_not_supported"
    assert not Notification.objects.exists()


def test_the_api_takes_a_list_or_an_object(ann: User, as_service: Api, failing: Providers, drain: Drain) -> None:
    body = {"user_id": str(ann.id), "subject": "Hello", "body": "A body"}
    listed = as_service.post("notifications/send", {**body, "fallback": ["push", "sms"]})
    assert (listed.status_code, listed.json()["channel"]) == (201, "push")
    timed = as_service.post(
        "notifications/send", {**body, "channel": "in_app", "fallback": {"channels": ["sms"], "after_seconds": 60}}
    )
    assert (timed.status_code, timed.json()["channel"]) == (201, "in_app")
    assert FallbackTimer.objects.get().id == UUID(timed.json()["id"])
    drained(drain)
    shown = as_service.get(f"notifications/{listed.json()['id']}").json()
    assert [(d["rule"], d["outcome"]) for d in shown["decisions"]][-1] == ("fallback", "handed_on")
    for bad in ([], {"channels": []}, {"channels": ["sms"], "after_seconds": 0}, {"channels": ["fax"]}, "sms"):
        assert as_service.post("notifications/send", {**body, "fallback": bad}).status_code == 422, bad


def test_a_settling_worker_and_the_scheduler_at_the_same_time_start_one_next_channel(
    real_ground: None, carried: Any
) -> None:
    """Both want to hand on, from two connections: the worker holds the entry, so the scheduler waits its turn."""
    calling, answering = threading.Event(), threading.Event()

    def script(message: Message) -> Any:
        calling.set()
        assert answering.wait(10)
        return GONE

    carried({PUSH: ScriptedProvider(name="pusher", script=script), SMS: ScriptedProvider(name="texter")})
    send(make_user(email="ann@example.com"), PUSH, SMS, after=60)
    worker = threading.Thread(target=lambda: (flow.drain("push"), connection.close()))
    worker.start()
    assert calling.wait(10)
    assert after(61) == 1
    assert standing() == [("push", "pending", "")]
    answering.set()
    worker.join(10)
    assert standing() == [("push", "failed", "address_unreachable"), ("sms", "pending", "")]
    assert after(70) == 1, "the timer that was put off finds nothing left to do"
    assert standing() == [("push", "failed", "address_unreachable"), ("sms", "pending", "")]


def test_two_schedulers_act_on_a_timer_once(real_ground: None, carried: Any) -> None:
    carried({SMS: ScriptedProvider(name="texter")})
    send(make_user(email="ann@example.com"), IN_APP, SMS, after=60)
    flow.drain("in_app")
    moment = clock.now() + timedelta(seconds=61)
    counts: list[int] = []

    def tick() -> None:
        try:
            counts.append(unread.hand_on_due())
        finally:
            connection.close()

    with clock.standing_at(moment):
        threads = [threading.Thread(target=tick) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(counts) == [0, 0, 0, 1]
    assert standing() == [("in_app", "delivered", ""), ("sms", "pending", "")]
