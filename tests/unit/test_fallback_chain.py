"""Chains of channels as pure decisions: what follows, who takes over, and what a timer asks for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.chains import Chain, Choice, chain_in, choose
from clarion.flows.delivery.unread import Due, due_for
from clarion.records.ledger.status import Status
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.rules import Asked, Wishes

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PUSH, SMS, EMAIL, IN_APP = ChannelKey.PUSH, ChannelKey.SMS, ChannelKey.EMAIL, ChannelKey.IN_APP
CHAIN = Chain(channels=(PUSH, SMS, EMAIL), after=None)


def person(*reachable: ChannelKey, active: bool = True, **channels: bool) -> PersonFacts:
    return PersonFacts(
        id=UUID(int=1),
        active=active,
        locale="en",
        timezone="UTC",
        attributes={},
        preferred_channels=(),
        email_sealed=None,
        phone_sealed=None,
        names_sealed=None,
        reachable=frozenset(reachable),
        wishes={0: Wishes(channels=channels)},
    )


def asked(*, priority: int = 3, bypass: bool = False, expires_at: datetime | None = None) -> Asked:
    return Asked(
        channel=PUSH, priority=priority, marketing=False, essential=False, bypass=bypass, expires_at=expires_at
    )


@pytest.mark.parametrize(
    ("channel", "onward"),
    [("push", (SMS, EMAIL)), ("sms", (EMAIL,)), ("email", ()), ("chat", ())],
)
def test_what_follows_a_channel_stands_behind_it(channel: str, onward: tuple[ChannelKey, ...]) -> None:
    assert CHAIN.onward(channel) == onward


def test_the_first_that_reaches_the_person_and_passes_the_gate_takes_over() -> None:
    found = choose((SMS, IN_APP, EMAIL), person(IN_APP, EMAIL, in_app=False), asked(), 1, NOW)

    assert found == Choice(channel=EMAIL, passed=("sms: no_address", "in_app: channel_off"))


def test_bypass_passes_the_gate_but_reaches_nobody_without_an_address() -> None:
    found = choose((SMS, IN_APP), person(IN_APP, in_app=False), asked(bypass=True), 1, NOW)

    assert found == Choice(channel=IN_APP, passed=("sms: no_address",))


def test_what_expired_is_taken_over_by_nobody() -> None:
    found = choose((SMS, EMAIL), person(SMS, EMAIL), asked(expires_at=NOW), 1, NOW)

    assert found == Choice(channel=None, passed=("sms: expired", "email: expired"))


@pytest.mark.parametrize("who", [None, person(SMS, active=False)], ids=["removed", "inactive"])
def test_nobody_takes_over_for_a_recipient_who_is_gone(who: PersonFacts | None) -> None:
    assert choose((SMS,), who, asked(), 1, NOW) == Choice(channel=None, passed=("the recipient is gone",))


@pytest.mark.parametrize("payload", [None, {}, {"fallback": None}])
def test_a_request_without_a_chain_has_none(payload: dict[str, object] | None) -> None:
    assert chain_in(payload) is None


def test_a_chain_is_read_from_its_request() -> None:
    stored = {"fallback": {"channels": ["push", "sms"], "after_seconds": 90}}

    assert chain_in(stored) == Chain(channels=(PUSH, SMS), after=timedelta(seconds=90))


@pytest.mark.parametrize(
    ("channel", "status", "asks"),
    [
        ("push", Status.PENDING, Due.GIVE_UP),
        ("push", Status.SCHEDULED, Due.GIVE_UP),
        ("email", Status.SENT, Due.GO_ON),
        ("email", Status.DELIVERED, Due.NOTHING),
        ("in_app", Status.DELIVERED, Due.GO_ON),
        ("websocket", Status.DELIVERED, Due.GO_ON),
        ("in_app", Status.READ, Due.NOTHING),
        *[("push", end, Due.NOTHING) for end in (Status.FAILED, Status.CANCELLED, Status.EXPIRED, Status.SUPPRESSED)],
    ],
)
def test_a_timer_asks_for_what_the_state_needs_and_never_early(channel: str, status: Status, asks: Due) -> None:
    assert due_for(channel, status, NOW, NOW) is asks
    early = due_for(channel, status, NOW + timedelta(seconds=1), NOW)
    assert early is (Due.NOTHING if asks is Due.NOTHING else Due.LATER)
