"""What the engine does with what providers say, step by step, on real PostgreSQL."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Interrupted, Misconfigured, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.delivery.backoff import POLICIES
from clarion.flows.ingest import changes
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts.models import Account
from clarion.records.ledger.models import Attempt, Decision, Event, Notification, QueueEntry
from clarion.records.people.models import Device, User
from clarion.records.preferences.models import GlobalPreference
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import caller_of, make_user

EMAIL = ChannelKey.EMAIL
Drain = Callable[[], int]


def send(user: User, *channels: ChannelKey, **given: Any) -> list[UUID]:
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject=given.pop("subject", "Hello"),
        body="A body",
        channels=channels or (EMAIL,),
        **given,
    )
    return [n.id for n in ingest.send(asked, clock.now()).notifications]


def make_due(identifier: UUID) -> None:
    QueueEntry.objects.filter(pk=identifier).update(due_at=clock.now() - timedelta(seconds=1))


def row(identifier: UUID) -> Notification:
    return Notification.objects.get(pk=identifier)


def test_what_is_sent_is_settled_with_its_remote_id_and_leaves_the_queue(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    (one,) = send(ann)
    assert drain() == 1
    found = row(one)
    assert (found.status, found.account, found.remote_id) == ("sent", "scripted", f"remote-{one}")
    assert found.sent_at is not None
    assert found.delivered_at is None
    assert not QueueEntry.objects.exists()
    assert provider.given[0].target.value == "ann@example.com"
    attempt = Attempt.objects.get(notification_id=one)
    assert (attempt.number, attempt.outcome, attempt.target) == (1, "sent", "a***@example.com")


def test_a_temporary_refusal_waits_with_growing_patience_and_then_becomes_a_dead_letter(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    carried_by(EMAIL, ScriptedProvider(script=lambda m: Retry(why=Reason.TEMPORARY, detail="come again")))
    (one,) = send(ann)
    policy = POLICIES[EMAIL]
    waits = []
    for _ in range(policy.attempts):
        assert drain() == 1
        entry = QueueEntry.objects.filter(pk=one).first()
        if entry is not None:
            assert entry.lease is None
            waits.append(entry.due_at - clock.now())
        make_due(one)
    assert waits[0] < waits[2] < waits[4]
    found = row(one)
    assert (found.status, found.reason) == ("failed", "retries_exhausted")
    assert not QueueEntry.objects.exists()
    assert Attempt.objects.filter(notification_id=one).count() == policy.attempts
    outcomes = list(Decision.objects.filter(notification_id=one).order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["allow", *["retry"] * (policy.attempts - 1), "failed"]


def test_a_provider_that_asks_to_wait_is_not_called_earlier(ann: User, carried_by: Any, drain: Drain) -> None:
    asked = timedelta(hours=5)
    carried_by(EMAIL, ScriptedProvider(script=lambda m: Retry(why=Reason.THROTTLED, after=asked)))
    (one,) = send(ann)
    drain()
    assert QueueEntry.objects.get(pk=one).due_at - clock.now() > asked - timedelta(minutes=1)


def test_a_permanent_refusal_is_a_dead_letter_at_once(ann: User, carried_by: Any, drain: Drain) -> None:
    refusal = Rejected(why=Reason.ADDRESS_UNREACHABLE, detail="550 5.1.1")
    carried_by(EMAIL, ScriptedProvider(script=lambda m: refusal))
    (one,) = send(ann)
    drain()
    assert (row(one).status, row(one).reason) == ("failed", "address_unreachable")
    assert [e.type for e in Event.objects.filter(notification_id=one).order_by("id")] == ["accepted", "failed"]


def test_an_unclear_outcome_is_recorded_and_sent_again(ann: User, carried_by: Any, drain: Drain) -> None:
    def script(message: Message) -> Any:
        return Unclear(why=Reason.TIMEOUT) if message.attempt == 1 else Sent()

    carried_by(EMAIL, ScriptedProvider(script=script))
    (one,) = send(ann)
    drain()
    make_due(one)
    drain()
    attempts = Attempt.objects.filter(notification_id=one).order_by("number")
    assert [(a.number, a.outcome, a.reason) for a in attempts] == [(1, "unclear", "timeout"), (2, "sent", "")]
    assert row(one).status == "sent"


def test_an_unreachable_account_hands_over_to_the_next(ann: User, carried_by: Any, drain: Drain) -> None:
    first = ScriptedProvider(name="first", script=lambda m: Unreachable("no route"))
    second = ScriptedProvider(name="second")
    carried_by(EMAIL, first, second)
    (one,) = send(ann)
    drain()
    assert (row(one).status, row(one).account) == ("sent", "second")


def test_an_account_with_wrong_credentials_is_switched_off_and_no_recipient_blamed(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    broken = ScriptedProvider(name="broken", script=lambda m: Misconfigured("535 bad credentials"))
    carried_by(EMAIL, broken)
    (one,) = send(ann)
    drain()
    account = Account.objects.get(channel="email", name="broken")
    assert account.fault == "535 bad credentials"
    assert row(one).status == "pending"
    assert QueueEntry.objects.filter(pk=one).exists()
    send(ann)
    calls = len(broken.given)
    drain()
    assert len(broken.given) == calls, "an account at rest is not called"


def test_a_break_half_way_leaves_only_the_untold_unclear(carried_by: Any, drain: Drain) -> None:
    people = [make_user(email=f"p{n}@example.com") for n in range(4)]
    seen: list[str] = []

    def script(message: Message) -> Any:
        seen.append(message.id)
        return Sent() if len(seen) <= 2 else Interrupted("connection reset")

    second = ScriptedProvider(name="second")
    carried_by(EMAIL, ScriptedProvider(name="first", script=script), second)
    ids = [send(person)[0] for person in people]
    drain()
    states = sorted(row(one).status for one in ids)
    assert states == ["pending", "pending", "sent", "sent"]
    assert second.given == [], "unclear work is not given to another account in silence"
    unclear = Attempt.objects.filter(outcome="unclear")
    assert {a.reason for a in unclear} == {"connection_lost"}
    assert unclear.count() == 2


def test_a_bug_in_a_provider_leaves_work_unclear_and_the_worker_alive(ann: User, carried_by: Any, drain: Drain) -> None:
    def script(message: Message) -> Any:
        raise ZeroDivisionError

    carried_by(EMAIL, ScriptedProvider(script=script))
    (one,) = send(ann)
    assert drain() == 1
    assert Attempt.objects.get(notification_id=one).reason == "provider_error"
    assert QueueEntry.objects.filter(pk=one).exists()


def test_several_devices_succeed_when_one_takes_it(ann: User, carried_by: Any, drain: Drain) -> None:
    Device.objects.create(user=ann, platform="android", token_kind="fcm_token", token="another-token-of-ann")
    gone = Rejected(why=Reason.DEVICE_GONE, suppress=True)
    carried_by(
        ChannelKey.PUSH,
        ScriptedProvider(script=lambda m: Sent() if m.target.extra["platform"] == "android" else gone),
    )
    (one,) = send(ann, ChannelKey.PUSH)
    drain()
    assert row(one).status == "sent"
    assert sorted(a.outcome for a in Attempt.objects.filter(notification_id=one)) == ["rejected", "sent"]


def test_the_gate_speaks_again_before_sending(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    (one,) = send(ann)
    GlobalPreference.objects.create(user=ann, notifications_enabled=False)
    drain()
    assert (row(one).status, row(one).reason) == ("suppressed", "global_off")
    assert provider.given == []


def test_what_expired_while_it_waited_is_not_sent(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    (one,) = send(ann, expires_at=clock.now() + timedelta(hours=1))
    with clock.standing_at(clock.now() + timedelta(hours=2)):
        drain()
    assert (row(one).status, row(one).reason) == ("expired", "expired")
    assert provider.given == []


def test_nothing_leaves_before_it_is_due(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    (one,) = send(ann, scheduled_at=clock.now() + timedelta(hours=1))
    assert drain() == 0
    assert row(one).status == "scheduled"
    make_due(one)
    assert drain() == 1
    assert row(one).status == "sent"


def test_urgent_goes_first_and_older_before_newer(carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    people = [make_user(email=f"p{n}@example.com") for n in range(4)]
    order = [4, 3, 3, 1]
    ids = [send(person, priority=priority)[0] for person, priority in zip(people, order, strict=True)]
    batch_order = []
    while drain_one_batch(batch_order, provider):
        pass
    assert batch_order == [str(ids[3]), str(ids[1]), str(ids[2]), str(ids[0])]


def drain_one_batch(into: list[str], provider: ScriptedProvider) -> bool:
    """Claim one by one, so that the order of claims shows."""
    from clarion.flows.delivery import flow
    from clarion.records.ledger import queue

    batch = queue.claim_due("email", 1)
    if not batch.entries:
        return False
    into.append(str(batch.entries[0].id))
    flow.deliver(batch, flow._slots["email"][0].carriers)
    return True


def test_a_cancelled_notification_is_never_sent(ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider()
    carried_by(EMAIL, provider)
    (one,) = send(ann)
    changes.cancel(row(one), clock.now())
    assert drain() == 0
    assert row(one).status == "cancelled"
    assert provider.given == []


def test_a_worker_that_lost_its_lease_writes_nothing(ann: User, carried_by: Any, drain: Drain) -> None:
    from clarion.flows.delivery import flow
    from clarion.records.ledger import queue

    carried_by(EMAIL, ScriptedProvider())
    (one,) = send(ann)
    stale = queue.claim_due("email", 10)
    QueueEntry.objects.filter(pk=one).update(lease_until=clock.now() - timedelta(seconds=1))
    assert drain() == 1
    assert flow.deliver(stale, flow._slots["email"][0].carriers) == 0
    attempts = Attempt.objects.filter(notification_id=one).order_by("number")
    assert [(a.number, a.outcome, a.reason) for a in attempts] == [(1, "unclear", "worker_lost"), (2, "sent", "")]


def test_a_template_that_fails_fails_alone(carried_by: Any, drain: Drain, as_service: Any) -> None:
    people = [make_user(email=f"p{n}@example.com") for n in range(3)]
    made = as_service.post(
        "templates",
        {
            "path": "poison",
            "name": "Poison",
            "category": "general",
            "optional_variables": ["times"],
            "content": {
                "email": {"default": {"subject": "s", "text": "{% for a in range(times) %}{{ a }}{% endfor %}"}}
            },
        },
    )
    assert made.status_code == 201, made.content
    carried_by(EMAIL, ScriptedProvider())
    bad = as_service.post(
        "notifications/send",
        {"user_id": str(people[0].id), "template_path": "poison", "channel": "email", "context": {"times": 10**6}},
    )
    good = [
        as_service.post(
            "notifications/send",
            {"user_id": str(p.id), "template_path": "poison", "channel": "email", "context": {"times": 3}},
        )
        for p in people[1:]
    ]
    drain()
    assert row(UUID(bad.json()["id"])).status == "failed"
    assert row(UUID(bad.json()["id"])).reason == "render_failed"
    assert [row(UUID(answer.json()["id"])).status for answer in good] == ["sent", "sent"]


def test_a_replayed_dead_letter_goes_on_counting_and_gets_a_fresh_chance(
    ann: User, carried_by: Any, drain: Drain
) -> None:
    carried_by(
        EMAIL, ScriptedProvider(script=lambda m: Rejected(why=Reason.MAILBOX_FULL) if m.attempt == 1 else Sent())
    )
    (one,) = send(ann)
    drain()
    assert row(one).status == "failed"
    changes.replay(row(one), clock.now())
    assert row(one).status == "pending"
    drain()
    assert row(one).status == "sent"
    assert [a.number for a in Attempt.objects.filter(notification_id=one).order_by("number")] == [1, 2]


def test_contexts_and_addresses_are_sealed_at_rest(ann: User, carried_by: Any, drain: Drain) -> None:
    carried_by(EMAIL, ScriptedProvider())
    send(ann, subject="a-very-secret-subject", context={"code": "canary-4711"})
    drain()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(t::text, ' ') FROM (SELECT payload_sealed FROM ledger_request) t"
            " UNION ALL SELECT string_agg(n::text, ' ') FROM ledger_notification n"
            " UNION ALL SELECT string_agg(u::text, ' ') FROM people_user u"
            " UNION ALL SELECT string_agg(a::text, ' ') FROM ledger_attempt a"
        )
        everything = " ".join(str(found[0]) for found in cursor.fetchall())
    for canary in ("a-very-secret-subject", "canary-4711", "ann@example.com", "255712345678"):
        assert canary not in everything
        assert canary.encode().hex() not in everything


@pytest.mark.parametrize("key", list(ChannelKey))
def test_every_channel_has_its_lane(key: ChannelKey, ann: User, carried_by: Any, drain: Drain) -> None:
    provider = ScriptedProvider(confirms_delivery=True)
    carried_by(key, provider)
    (one,) = send(ann, key)
    assert QueueEntry.objects.get(pk=one).lane == key
    drain()
    assert row(one).status == "delivered"
