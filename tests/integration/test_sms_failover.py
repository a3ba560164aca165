"""Twilio fails, Beem takes over: the real providers over real sockets, against their simulators."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import flow
from clarion.flows.ingest import flow as ingest
from clarion.flows.ingest.asked import Send
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.accounts.models import Account
from clarion.records.ledger.models import Attempt, Notification, QueueEntry
from clarion.records.sms_safety import spend
from clarion.testing.simulators.beem import KEY, SECRET, BeemSimulator
from clarion.testing.simulators.simulator import Fault
from clarion.testing.simulators.twilio import SID, TOKEN, TwilioSimulator
from tests.conftest import Api, caller_of, make_user

SMS = ChannelKey.SMS
Drain = Callable[[], int]


@pytest.fixture(autouse=True)
def _connections_are_given_back() -> Iterator[None]:
    yield
    for slot in (slot for slots in flow._slots.values() for slot in slots):
        slot.carriers.close()


@pytest.fixture
def twilio(ground: None) -> Iterator[TwilioSimulator]:
    with TwilioSimulator(reports=False) as simulator:
        yield simulator


@pytest.fixture
def beem(ground: None) -> Iterator[BeemSimulator]:
    with BeemSimulator() as simulator:
        yield simulator


@pytest.fixture
def accounts(twilio: TwilioSimulator, beem: BeemSimulator) -> None:
    """Twilio is preferred, Beem stands behind it."""
    urls = [
        f"twilio://{SID}:{TOKEN}@?from=%2B15005550006&endpoint={twilio.url}&timeout=3",
        f"beem://{KEY}:{SECRET}@?sender=INFO&endpoint={beem.url}&timeout=3",
    ]
    book.mirror({SMS: urls})


def send(number: str, **given: Any) -> UUID:
    user = make_user(phone=number)
    asked = Send(
        caller=caller_of(user, Permission.STAFF),
        user_id=user.id,
        subject="Hi",
        body="Your order is on its way",
        channels=(SMS,),
        **given,
    )
    return ingest.send(asked, clock.now()).notifications[0].id


def stands(identifier: UUID) -> tuple[str, str]:
    found = Notification.objects.get(pk=identifier)
    return found.status, found.account


def attempts(identifier: UUID) -> list[tuple[str, str, str]]:
    rows = Attempt.objects.filter(notification_id=identifier).order_by("number", "started_at")
    return [(row.account, row.outcome, row.reason) for row in rows]


def later(drain: Drain) -> None:
    """What waits for its next attempt is due."""
    QueueEntry.objects.update(due_at=clock.now() - timedelta(seconds=1))
    drain()


def test_while_twilio_is_well_it_takes_everything(accounts: None, drain: Drain, beem: BeemSimulator) -> None:
    one = send("+255712345678")
    drain()
    assert stands(one) == ("sent", "twilio")
    assert beem.requests == {}


def test_a_twilio_that_is_away_costs_nothing_and_beem_takes_the_message_at_once(
    accounts: None, drain: Drain, twilio: TwilioSimulator, beem: BeemSimulator, as_service: Api
) -> None:
    twilio.stop()
    one = send("+255712345678")
    drain()
    assert stands(one) == ("sent", "beem")
    (taken,) = beem.requests.values()
    assert dict(taken.recipients) == {"1": "255712345678"}
    shown = as_service.get(f"notifications/{one}").json()
    assert (shown["status"], shown["provider"]) == ("sent", "beem")
    (attempt,) = shown["attempts"]
    assert (attempt["account"], attempt["outcome"], attempt["segments"]) == ("beem", "sent", 1)
    assert attempt["remote_id"] == "35918915:1"


def test_a_twilio_that_answers_503_is_given_up_and_beem_takes_over(
    accounts: None, drain: Drain, twilio: TwilioSimulator, beem: BeemSimulator
) -> None:
    twilio.script(*[Fault(status=503)] * 500)
    sent = [send(f"+255712{place}5678") for place in range(10, 40)]
    drain()
    for _ in range(3):
        later(drain)
    assert {stands(one) for one in sent} == {("sent", "beem")}
    assert twilio.accepted == {}
    assert set(beem.accepted.values()) == {1}
    assert len(beem.accepted) == 30
    tried = [attempts(one) for one in sent]
    assert all(told[-1] == ("beem", "sent", "") for told in tried)
    given_up = [told for told in tried if ("twilio", "retry", "temporary") in told]
    assert given_up
    assert [(row.messages, row.segments) for row in spend.of_day(clock.now().date())] == [(30, 30)]
    # the breaker is open: Twilio is not asked any more
    asked = len(twilio.calls)
    more = [send(f"+255713{place}5678") for place in range(10, 15)]
    drain()
    assert [attempts(one) for one in more] == [[("beem", "sent", "")]] * 5
    assert len(twilio.calls) == asked


def test_wrong_credentials_at_twilio_switch_it_off_and_blame_nobody(
    accounts: None, drain: Drain, twilio: TwilioSimulator, beem: BeemSimulator
) -> None:
    twilio.token = "rotated"
    sent = [send(f"+2557123{place}5678") for place in range(5)]
    drain()
    assert {stands(one) for one in sent} == {("sent", "beem")}
    assert all(attempts(one) == [("beem", "sent", "")] for one in sent)
    account = Account.objects.get(name="twilio")
    assert "SID or token are wrong" in account.fault
    assert TOKEN not in account.fault


def test_a_number_that_twilio_refuses_is_not_tried_at_beem(
    accounts: None, drain: Drain, twilio: TwilioSimulator, beem: BeemSimulator, settings: Any
) -> None:
    one = send("+15005550009")
    drain()
    assert stands(one) == ("failed", "twilio")
    assert attempts(one) == [("twilio", "rejected", "invalid_address")]
    assert beem.requests == {}
    assert [row.messages for row in spend.of_day(clock.now().date())] == [0]
