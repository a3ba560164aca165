"""The gate's rules, as a table: who is let through by what."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.preferences.rules import RULE_OF, Asked, Outcome, Wishes, decide

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EMAIL, SMS = ChannelKey.EMAIL, ChannelKey.SMS


def asked(**given: Any) -> Asked:
    usual: dict[str, Any] = {
        "channel": EMAIL,
        "priority": 3,
        "marketing": False,
        "essential": False,
        "bypass": False,
        "expires_at": None,
    }
    return Asked(**{**usual, **given})


OFF = Wishes(notifications_enabled=False)
NO_EMAIL = Wishes(channels={"email": False})
NO_CATEGORY_EMAIL = Wishes(category_channels={"email": False})
NO_CATEGORY = Wishes(category_enabled=False)
NO_MARKETING = Wishes(marketing_enabled=False)
PAST = NOW - timedelta(seconds=1)

TABLE: list[tuple[str, Wishes, Asked, Reason | None]] = [
    ("nothing set lets everything through", Wishes(), asked(), None),
    ("everything off holds the ordinary back", OFF, asked(), Reason.GLOBAL_OFF),
    ("everything off lets high through", OFF, asked(priority=2), None),
    ("everything off lets critical through", OFF, asked(priority=1), None),
    ("a channel off holds high back", NO_EMAIL, asked(priority=2), Reason.CHANNEL_OFF),
    ("a channel off lets critical through", NO_EMAIL, asked(priority=1), None),
    ("another channel is not concerned", NO_EMAIL, asked(channel=ChannelKey.PUSH), None),
    ("a category's channel off", NO_CATEGORY_EMAIL, asked(), Reason.CATEGORY_OFF),
    ("a category's channel off lets critical through", NO_CATEGORY_EMAIL, asked(priority=1), None),
    ("a category off", NO_CATEGORY, asked(), Reason.CATEGORY_OFF),
    ("marketing off", NO_MARKETING, asked(marketing=True), Reason.MARKETING_OFF),
    ("marketing off stops critical, too", NO_MARKETING, asked(marketing=True, priority=1), Reason.MARKETING_OFF),
    ("marketing off leaves the rest alone", NO_MARKETING, asked(), None),
    ("marketing by SMS must be wished for", Wishes(), asked(channel=SMS, marketing=True), Reason.CHANNEL_OFF),
    ("marketing by SMS, wished for", Wishes(channels={"sms": True}), asked(channel=SMS, marketing=True), None),
    (
        "marketing by SMS, wished for in the category",
        Wishes(category_channels={"sms": True}),
        asked(channel=SMS, marketing=True),
        None,
    ),
    ("transactional SMS is on", Wishes(), asked(channel=SMS), None),
    ("essential passes every switch", OFF, asked(essential=True), None),
    ("bypass passes every switch", NO_CATEGORY, asked(bypass=True), None),
    ("nothing passes expiry", Wishes(), asked(expires_at=PAST, bypass=True, priority=1), Reason.EXPIRED),
    ("essential things expire, too", Wishes(), asked(expires_at=PAST, essential=True), Reason.EXPIRED),
    ("what expires later goes out", Wishes(), asked(expires_at=NOW + timedelta(seconds=1)), None),
]


@pytest.mark.parametrize(("name", "wishes", "request_", "reason"), TABLE, ids=[row[0] for row in TABLE])
def test_the_table(name: str, wishes: Wishes, request_: Asked, reason: Reason | None) -> None:
    verdict = decide(wishes, request_, NOW)
    assert verdict.reason == reason
    assert verdict.allows == (reason is None)


SWITCHES = st.dictionaries(st.sampled_from([str(c) for c in ChannelKey]), st.booleans())
WISHES = st.builds(
    Wishes,
    notifications_enabled=st.booleans(),
    marketing_enabled=st.booleans(),
    channels=SWITCHES,
    category_enabled=st.booleans(),
    category_channels=SWITCHES,
)
REQUESTS = st.builds(
    Asked,
    channel=st.sampled_from(list(ChannelKey)),
    priority=st.integers(min_value=1, max_value=4),
    marketing=st.booleans(),
    essential=st.booleans(),
    bypass=st.booleans(),
    expires_at=st.none() | st.datetimes(timezones=st.just(UTC)),
)


@given(WISHES, REQUESTS)
def test_every_refusal_names_its_rule_and_reason(wishes: Wishes, request_: Asked) -> None:
    verdict = decide(wishes, request_, NOW)
    if verdict.outcome is Outcome.SUPPRESS:
        assert verdict.reason is not None
        assert verdict.rule == RULE_OF[verdict.reason]
        assert not request_.bypass
        assert not request_.essential
    elif verdict.outcome is Outcome.EXPIRE:
        assert request_.expires_at is not None
        assert request_.expires_at <= NOW


@given(WISHES, REQUESTS)
def test_more_urgent_is_never_treated_worse(wishes: Wishes, request_: Asked) -> None:
    from dataclasses import replace

    for priority in range(2, 5):
        less = decide(wishes, replace(request_, priority=priority), NOW)
        more = decide(wishes, replace(request_, priority=priority - 1), NOW)
        assert more.allows or not less.allows
