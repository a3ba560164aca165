"""What an entry of the suppression list stops, and when soft bounces make one."""

from datetime import UTC, datetime, timedelta

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.preferences.rules import Asked, Listed, Outcome, Wishes, decide
from clarion.records.suppression.strikes import last_in_a_row

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVERYTHING = (Reason.HARD_BOUNCED, Reason.SOFT_BOUNCED, Reason.STOPPED, Reason.BLOCKED)


def _asked(*, marketing: bool = False, bypass: bool = False, channel: ChannelKey = ChannelKey.EMAIL) -> Asked:
    return Asked(
        channel=channel,
        priority=1,
        marketing=marketing,
        essential=not marketing,
        bypass=bypass,
        expires_at=NOW - timedelta(hours=1),
    )


def _listed(reason: Reason, until: datetime | None = None) -> Wishes:
    return Wishes(listed=(Listed(channel="email", reason=reason, until=until),))


@pytest.mark.parametrize("reason", EVERYTHING)
@pytest.mark.parametrize("bypass", [True, False])
def test_a_dead_address_comes_before_every_other_rule(reason: Reason, bypass: bool) -> None:
    verdict = decide(_listed(reason), _asked(bypass=bypass), NOW)

    assert (verdict.outcome, verdict.rule, verdict.reason) == (Outcome.SUPPRESS, "suppression", reason)


@pytest.mark.parametrize("reason", [Reason.COMPLAINED, Reason.UNSUBSCRIBED])
def test_who_complained_gets_no_marketing_and_the_rest(reason: Reason) -> None:
    assert decide(_listed(reason), _asked(marketing=True), NOW).reason is reason
    assert decide(_listed(reason), _asked(), NOW).rule == "expiry"


def test_another_channel_and_an_entry_that_ended_are_not_concerned() -> None:
    ended = _listed(Reason.SOFT_BOUNCED, NOW)

    assert decide(_listed(Reason.BLOCKED), _asked(channel=ChannelKey.SMS), NOW).rule == "expiry"
    assert decide(ended, _asked(), NOW).rule == "expiry"
    verdict = decide(_listed(Reason.SOFT_BOUNCED, NOW + timedelta(minutes=1)), _asked(), NOW)
    assert verdict.detail == "until 2026-11-20 12:01 UTC"


@pytest.mark.parametrize(
    ("days", "last"),
    [
        ([], None),
        ([0, 1], None),
        ([0, 1, 7], 7),
        ([0, 1, 7.01], None),
        ([0, 4, 8, 9], 9),
        ([9, 0, 8, 4], 9),
        ([0, 0, 0, 30], 0),
    ],
)
def test_three_soft_bounces_within_seven_days_make_one(days: list[float], last: float | None) -> None:
    found = last_in_a_row([NOW + timedelta(days=day) for day in days])

    assert found == (None if last is None else NOW + timedelta(days=last))
