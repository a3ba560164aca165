"""How fast delivery goes and what it does with accounts that fail, on real PostgreSQL and Redis."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from clarion.config import wiring
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Retry, Sent
from clarion.contract.rate import parse_rate
from clarion.contract.reasons import Reason
from clarion.contract.registry import Registry, install, installed
from clarion.flows.delivery import flow, pace
from clarion.flows.delivery.carriers import Carriers
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock, volatile
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.accounts.models import Account
from clarion.records.categories.catalog import catalog
from clarion.records.categories.models import Category
from clarion.records.ledger import queue
from clarion.records.ledger.models import Attempt, Decision, Notification, QueueEntry
from clarion.records.pacing.reach import reach
from clarion.records.people.models import Device, User
from clarion.testing.scripted import ScriptedProvider
from tests.conftest import agree_to_marketing, caller_of, make_user

EMAIL, PUSH = ChannelKey.EMAIL, ChannelKey.PUSH
Drain = Callable[[], int]
Carry = Callable[..., None]


class Timed(ScriptedProvider):
    """Notes when each message came."""

    def __init__(self, **given: Any) -> None:
        self.times: list[float] = []
        script = given.pop("script", lambda message: Sent())

        def noting(message: Message) -> Any:
            self.times.append(time.monotonic())
            return script(message)

        super().__init__(script=noting, **given)

    def most_within(self, seconds: float) -> int:
        return max(sum(1 for at in self.times if begin <= at < begin + seconds) for begin in self.times)


def _carry(channel: ChannelKey, *carried: tuple[ScriptedProvider, str]) -> None:
    entries = [provider.entry() for provider, _ in carried]
    install(Registry([*wiring.PROVIDERS, *entries]), installed().host)
    book.mirror({channel: [f"{provider.name}://?{options}" for provider, options in carried]})


@pytest.fixture
def carry(ground: None) -> Iterator[Carry]:
    """`carry(EMAIL, (provider, "rate=14/s"))` inside the test's transaction."""
    before = installed()
    yield _carry
    install(before.registry, before.host)


@pytest.fixture
def really_carry(real_ground: None) -> Iterator[Carry]:
    """The same, for tests with several threads."""
    before = installed()
    yield _carry
    install(before.registry, before.host)


def send(user: User, channel: ChannelKey = EMAIL, **given: Any) -> UUID:
    if given.get("category") == "marketing":
        agree_to_marketing(user)
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hello",
        body="A body",
        channels=(channel,),
        **given,
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def in_threads(count: int, work: Callable[[], object]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def work_off_alone(lane: str = "email") -> None:
    """As another worker process would: with slots of its own."""
    slot = flow._slots_of(lane)[0]
    while QueueEntry.objects.filter(lane=lane).exists():
        flow._work_off(slot)
    slot.carriers.close()


def entry(identifier: UUID) -> QueueEntry:
    return QueueEntry.objects.get(pk=identifier)


# --- the rate of an account


def test_an_account_goes_at_the_rate_of_its_url(ann: User, carry: Carry, drain: Drain) -> None:
    provider = Timed()
    carry(EMAIL, (provider, "rate=40/s&burst=4"))
    ids = [send(ann) for _ in range(40)]
    begin = time.monotonic()
    drain()
    assert provider.most_within(0.5) <= 4 + 20 + 1
    assert 36 / 40 <= time.monotonic() - begin < 3
    assert {row.status for row in Notification.objects.all()} == {"sent"}
    assert len(provider.given) == len(ids)
    assert set(Attempt.objects.values_list("number", flat=True)) == {1}


def test_workers_share_one_rate_even_when_redis_is_emptied_meanwhile(really_carry: Carry) -> None:
    provider = Timed()
    really_carry(EMAIL, (provider, "rate=50/s&burst=5"))
    ann = make_user(email="ann@example.com")
    ids = [send(ann) for _ in range(90)]
    threading.Timer(0.7, volatile.connection().flushall).start()
    in_threads(3, work_off_alone)
    assert sorted(message.notification_id for message in provider.given) == sorted(str(one) for one in ids)
    # a full bucket once more: one burst too many, not more
    assert provider.most_within(1.0) <= 50 + 5 + 5 + 1
    assert provider.times[-1] - provider.times[0] > (90 - 10) / 50 - 0.1


def test_without_redis_an_account_is_still_paced(ann: User, carry: Carry, settings: Any, drain: Drain) -> None:
    provider = Timed()
    carry(EMAIL, (provider, "rate=80/s"))
    for _ in range(20):
        send(ann)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    volatile.connection.cache_clear()
    try:
        begin = time.monotonic()
        while len(provider.given) < 20 and time.monotonic() - begin < 20:
            flow.drain("email")
        assert len(provider.given) == 20
        # a quarter of the rate, and at most a quarter of the burst at once
        assert provider.most_within(0.5) <= 10 + 10 + 1
        assert provider.times[-1] - begin > (20 - 10) / 20
    finally:
        volatile.connection.cache_clear()
        reach.try_again()


def test_what_no_token_is_there_for_is_not_taken_up(ann: User, carry: Carry, drain: Drain) -> None:
    provider = Timed()
    carry(EMAIL, (provider, "rate=1/h"))
    first, second = send(ann), send(ann)
    assert drain() == 1
    assert [message.notification_id for message in provider.given] == [str(first)]
    waiting = entry(second)
    assert (waiting.attempts, waiting.lease) == (0, None)
    assert drain() == 0
    assert len(provider.given) == 1


def test_bulk_work_leaves_half_of_the_bucket_to_the_rest(ann: User, carry: Carry, drain: Drain) -> None:
    carry(EMAIL, (ScriptedProvider(default_rate="1/min"), "burst=10"))
    bulk, ordinary = Carriers(EMAIL, bulk=True), Carriers(EMAIL)
    assert [pace.room(bulk, 500), pace.room(ordinary, 500)] == [5, 5]


def test_urgent_work_gets_the_next_token(ann: User, carry: Carry, drain: Drain) -> None:
    provider = Timed()
    carry(EMAIL, (provider, "rate=5/s&burst=1"))
    for _ in range(3):
        send(ann, priority=4)
    urgent = send(ann, priority=1)
    drain()
    assert provider.given[0].notification_id == str(urgent)


def test_a_persons_devices_are_never_parted_by_the_rate(ann: User, carry: Carry, drain: Drain) -> None:
    for number in range(3):
        Device.objects.create(user=ann, platform="ios", token_kind="apns", token=f"device-{number}")
    provider = Timed()
    carry(PUSH, (provider, "rate=20/s&burst=1"))
    one, two = send(ann, PUSH), send(ann, PUSH)
    while QueueEntry.objects.exists():
        drain()
    told = [message.notification_id for message in provider.given]
    assert told in ([str(one)] * 4 + [str(two)] * 4, [str(two)] * 4 + [str(one)] * 4)
    assert provider.times[4] - provider.times[3] > 0.1, "what went above the burst is paid off"


def test_what_the_second_account_has_no_tokens_for_waits_and_was_no_attempt(
    ann: User, carry: Carry, drain: Drain
) -> None:
    first = ScriptedProvider(name="first", script=lambda m: Unreachable("no route"))
    second = ScriptedProvider(name="second")
    carry(EMAIL, (first, ""), (second, "rate=1/min"))
    ids = [send(ann) for _ in range(3)]
    drain()
    held = [one for one in ids if Notification.objects.get(pk=one).status == "pending"]
    assert len(second.given) == 1
    assert len(held) == 2
    assert [entry(one).attempts for one in held] == [0, 0]
    assert not Attempt.objects.filter(notification_id__in=held).exists()
    decision = Decision.objects.filter(notification_id=held[0]).latest("id")
    assert (decision.stage, decision.rule, decision.outcome, decision.reason) == (
        "send",
        "rate of second 1/min",
        "hold",
        "rate_limited",
    )
    assert decision.until > clock.now()


# --- the limits of people and categories


def outcomes(ids: list[UUID]) -> list[str]:
    rows = Notification.objects.in_bulk(ids)
    return [rows[one].status for one in ids]


def test_a_person_gets_so_many_on_a_channel_and_the_rest_waits_in_line(
    ann: User, carry: Carry, drain: Drain, settings: Any
) -> None:
    settings.USER_LIMITS = {PUSH: parse_rate("3/min")}
    provider = ScriptedProvider()
    carry(PUSH, (provider, ""))
    ids = [send(ann, PUSH) for _ in range(5)]
    drain()
    assert sorted(outcomes(ids)) == ["pending", "pending", "sent", "sent", "sent"]
    waiting = QueueEntry.objects.filter(lane="push").order_by("due_at")
    assert [round((each.due_at - clock.now()).total_seconds()) for each in waiting] == [20, 40]
    assert [each.attempts for each in waiting] == [0, 0]
    decision = Decision.objects.filter(notification_id=waiting[0].id).latest("id")
    assert (decision.stage, decision.rule, decision.reason) == ("limits", "user 3/min", "rate_limited")
    other = make_user(email="ben@example.com")
    exempt = [send(other, PUSH), send(ann, PUSH, priority=1)]
    drain()
    assert outcomes(exempt) == ["sent", "sent"]


def test_a_category_may_have_limits_of_its_own(ann: User, carry: Carry, drain: Drain) -> None:
    carry(EMAIL, (ScriptedProvider(), ""))
    Category.objects.filter(key="orders").update(user_limit="1/h")
    Category.objects.filter(key="marketing").update(rate="2/h")
    catalog.read()
    ben = make_user(email="ben@example.com")
    by_person = [send(ann, category="orders"), send(ann, category="orders"), send(ben, category="orders")]
    together = [send(who, category="marketing") for who in (ann, ben, ann)]
    free = [send(ann), send(ann)]
    drain()
    assert sorted(outcomes(by_person)) == ["pending", "sent", "sent"]
    assert sorted(outcomes(together)) == ["pending", "sent", "sent"]
    assert outcomes(free) == ["sent", "sent"]


def test_what_is_held_is_held_no_longer_than_until_it_expires(ann: User, carry: Carry, drain: Drain) -> None:
    from datetime import timedelta

    carry(EMAIL, (ScriptedProvider(), ""))
    Category.objects.filter(key="orders").update(user_limit="1/h")
    catalog.read()
    ends = clock.now() + timedelta(minutes=5)
    ids = [send(ann, category="orders", expires_at=ends) for _ in range(2)]
    drain()
    (held,) = [one for one in ids if Notification.objects.get(pk=one).status == "pending"]
    assert abs((entry(held).due_at - ends).total_seconds()) < 1


def test_a_retry_is_not_counted_against_the_person_again(ann: User, carry: Carry, drain: Drain) -> None:
    def script(message: Message) -> Outcome:
        return Retry(why=Reason.TEMPORARY) if message.attempt == 1 else Sent()

    carry(EMAIL, (ScriptedProvider(script=script), ""))
    Category.objects.filter(key="orders").update(user_limit="1/h")
    catalog.read()
    one = send(ann, category="orders")
    drain()
    QueueEntry.objects.update(due_at=clock.now())
    drain()
    assert outcomes([one]) == ["sent"]


# --- the breaker


def end_cool_down(name: str) -> None:
    key = f"clarion:breaker:email.{name}"
    client: Any = volatile.connection()
    client.set(key, json.dumps({**json.loads(client.get(key)), "until": 0.0}))


def test_an_open_breaker_keeps_work_waiting_without_using_up_attempts(
    ann: User, carry: Carry, drain: Drain, as_staff: Any
) -> None:
    healed: list[bool] = []
    provider = ScriptedProvider(name="only", script=lambda m: Sent() if healed else Unreachable("no route"))
    carry(EMAIL, (provider, ""))
    one = send(ann)
    for _ in range(5):
        drain()
        QueueEntry.objects.update(due_at=clock.now())
    assert (len(provider.given), entry(one).attempts) == (5, 5)
    for _ in range(5):
        assert drain() == 0
    assert (len(provider.given), entry(one).attempts) == (5, 5)
    shown = as_staff.get("providers/email.only").json()["breaker"]
    assert (shown["state"], shown["failures"]) == ("open", 5)
    assert shown["opens_until"] is not None
    healed.append(True)
    end_cool_down("only")
    assert drain() == 1
    assert outcomes([one]) == ["sent"]
    shown = as_staff.get("providers/email.only").json()["breaker"]
    assert shown == {"state": "closed", "failures": 0, "opens_until": None}


def test_a_failed_probe_costs_one_message_an_attempt_and_the_rest_nothing(
    ann: User, carry: Carry, drain: Drain
) -> None:
    provider = ScriptedProvider(name="only", script=lambda m: Unreachable("no route"))
    carry(EMAIL, (provider, ""))
    send(ann)
    for _ in range(5):
        drain()
        QueueEntry.objects.update(due_at=clock.now())
    QueueEntry.objects.all().delete()
    ids = [send(ann) for _ in range(10)]
    end_cool_down("only")
    drain()
    assert len(provider.given) == 6
    assert sorted(entry(one).attempts for one in ids) == [0] * 9 + [1]
    reasons = {d.reason for d in Decision.objects.filter(notification_id__in=ids).exclude(outcome="allow")}
    assert reasons == {"accounts_resting", "unreachable"}


def test_a_hand_over_of_which_everything_is_refused_for_the_account_opens_its_breaker_at_once(
    ann: User, carry: Carry, drain: Drain
) -> None:
    """Else a provider that is called message by message would be called a few batches long before it is left alone."""
    throttled = Retry(why=Reason.THROTTLED, whole_account=True)
    first = ScriptedProvider(name="first", script=lambda m: throttled, max_batch=10)
    carry(EMAIL, (first, ""), (ScriptedProvider(name="second"), ""))
    ids = [send(ann) for _ in range(30)]
    drain()
    assert len(first.given) == 10
    assert sorted(outcomes(ids)) == [*["pending"] * 10, *["sent"] * 20]


def test_an_account_that_asks_for_a_rest_is_left_alone_and_the_next_takes_over(
    ann: User, carry: Carry, drain: Drain
) -> None:
    from datetime import timedelta

    throttled = Retry(why=Reason.THROTTLED, after=timedelta(seconds=30), whole_account=True)
    first = ScriptedProvider(name="first", script=lambda m: throttled, max_batch=1)
    second = ScriptedProvider(name="second")
    carry(EMAIL, (first, ""), (second, ""))
    ids = [send(ann) for _ in range(5)]
    drain()
    assert (len(first.given), len(second.given)) == (1, 4)
    assert sorted(outcomes(ids)) == ["pending", *["sent"] * 4]
    send(ann)
    drain()
    assert (len(first.given), len(second.given)) == (1, 5)


def test_a_breaker_opens_fails_over_lets_one_probe_through_and_closes(really_carry: Carry) -> None:
    healed, probed, release = threading.Event(), threading.Event(), threading.Event()

    def script(message: Message) -> Any:
        if not healed.is_set():
            return Unreachable("no route")
        probed.set()
        release.wait(10)
        return Sent()

    first, second = ScriptedProvider(name="first", script=script), ScriptedProvider(name="second")
    really_carry(EMAIL, (first, ""), (second, ""))
    ann = make_user(email="ann@example.com")
    ids = [send(ann) for _ in range(6)]
    for batch in [queue.claim_due("email", 1) for _ in ids]:
        flow.deliver(batch, flow._slots["email"][0].carriers)
    assert (len(first.given), len(second.given)) == (5, 6), "the sixth did not try the first any more"
    healed.set()
    end_cool_down("first")
    more = [send(ann) for _ in range(40)]
    batches = [queue.claim_due("email", 10) for _ in range(4)]
    assert sum(len(batch.entries) for batch in batches) == 40
    waiting = iter(batches)
    lock, done = threading.Lock(), []

    def deliver_one() -> None:
        with lock:
            batch = next(waiting)
        slot = flow._slots_of("email")[0]
        flow.deliver(batch, slot.carriers)
        slot.carriers.close()
        done.append(batch.lease)

    others = threading.Thread(target=lambda: in_threads(4, deliver_one))
    others.start()
    end = time.monotonic() + 10
    while len(done) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    assert probed.is_set()
    assert (len(first.given), len(second.given)) == (6, 36), "one probe of one message, the rest by the second account"
    release.set()
    others.join()
    assert (len(first.given), len(second.given)) == (15, 36), "the prober goes on with the account that is well again"
    assert set(outcomes([*ids, *more])) == {"sent"}


# --- what staff see and set


def test_staff_see_and_set_limits_and_the_order_of_accounts(as_staff: Any, carry: Carry) -> None:
    carry(EMAIL, (ScriptedProvider(name="first"), "rate=14/s"), (ScriptedProvider(name="second"), ""))
    limits = {a["name"]: a["limit"] for a in as_staff.get("providers").json()["results"]}
    assert limits["email.first"] == {"rate": "14/s", "burst": 7, "source": "url"}
    assert limits["email.second"] is None
    changed = as_staff.patch("providers/email.second", {"rate": "100/min", "burst": 9, "position": 0})
    assert changed.status_code == 200
    assert changed.json()["limit"] == {"rate": "100/min", "burst": 9, "source": "staff"}
    as_staff.patch("providers/email.first", {"position": 1, "rate": "2/s", "paused": True})
    book.mirror({EMAIL: ["first://?rate=14/s", "second://"]})
    shown = [a for a in as_staff.get("providers").json()["results"] if a["channel"] == "email"]
    assert [(a["name"], a["position"], a["state"]) for a in shown] == [
        ("email.second", 0, "active"),
        ("email.first", 1, "paused"),
    ]
    restored = as_staff.patch("providers/email.first", {"position": None, "rate": None, "burst": None}).json()
    assert (restored["limit"], restored["position"]) == ({"rate": "14/s", "burst": 7, "source": "url"}, 0)


@pytest.mark.parametrize("body", [{"rate": "fast"}, {"rate": "0/s"}, {"burst": 0}, {"position": -1}, {"weight": 0}])
def test_what_cannot_be_set_is_refused_and_changes_nothing(body: dict[str, Any], as_staff: Any, carry: Carry) -> None:
    carry(EMAIL, (ScriptedProvider(name="first"), "rate=14/s"))
    assert as_staff.patch("providers/email.first", body).status_code == 422
    row = Account.objects.get(channel="email", name="first")
    assert (row.set_rate, row.set_burst, row.set_position, row.paused) == ("", None, None, False)


def test_resuming_closes_the_breaker(ann: User, as_staff: Any, carry: Carry, drain: Drain) -> None:
    carry(EMAIL, (ScriptedProvider(name="only", script=lambda m: Unreachable("no route")), ""))
    send(ann)
    for _ in range(5):
        drain()
        QueueEntry.objects.update(due_at=clock.now())
    assert as_staff.get("providers/email.only").json()["breaker"]["state"] == "open"
    assert as_staff.post("providers/email.only/resume").json()["breaker"]["state"] == "closed"


def test_a_category_takes_readable_limits_only(as_staff: Any) -> None:
    made = as_staff.post("categories", {"key": "chat", "name": "Chat", "user_limit": "600/min", "rate": "50/s"})
    assert (made.status_code, made.json()["user_limit"], made.json()["rate"]) == (201, "600/min", "50/s")
    refused = as_staff.patch(f"categories/{made.json()['id']}", {"user_limit": "many"})
    assert refused.status_code == 422
    cleared = as_staff.patch(f"categories/{made.json()['id']}", {"user_limit": ""})
    assert (cleared.json()["user_limit"], cleared.json()["rate"]) == ("", "50/s")
