"""Which input decided, in words: as exact as the person reads them in explain."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.categories.policy import QuietPolicy
from clarion.records.preferences.digest_choice import DigestChoice, Frequency
from clarion.records.preferences.quiet_hours import quiet_hours_of
from clarion.records.preferences.rules import Asked, Listed, Policy, Wishes, decide

NIGHT = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)
BERLIN = "Europe/Berlin"
EMAIL, SMS = ChannelKey.EMAIL, ChannelKey.SMS
QUIET = quiet_hours_of({"enabled": True, "start": "22:00", "end": "07:00", "days": {"friday": None}})


def asked(**given: Any) -> Asked:
    usual = {"channel": SMS, "priority": 3, "marketing": False, "essential": False, "bypass": False, "expires_at": None}
    return Asked(**{**usual, **given})


@pytest.mark.parametrize(
    ("wishes", "of", "rule", "detail"),
    [
        ({"notifications_enabled": False}, {}, "global", "all notifications switched off by the person"),
        (
            {},
            {"policy": Policy(off=frozenset({"notifications"}))},
            "global",
            "all notifications off by default in this deployment",
        ),
        ({"marketing_enabled": False}, {"marketing": True}, "marketing", "marketing switched off by the person"),
        (
            {},
            {"marketing": True, "policy": Policy(off=frozenset({"marketing"}))},
            "marketing",
            "marketing off by default in this deployment",
        ),
        ({"channels": {"sms": False}}, {}, "channel", "sms switched off by the person"),
        ({}, {"marketing": True}, "channel", "sms never switched on for marketing by the person"),
        ({}, {"policy": Policy(channels={"sms": False})}, "channel", "sms off by default in this category"),
        ({}, {"policy": Policy(off=frozenset({"sms"}))}, "channel", "sms off by default in this deployment"),
        ({"category_enabled": False}, {}, "category", "the category switched off by the person"),
        (
            {"category_channels": {"sms": False}, "channels": {"sms": True}},
            {},
            "category",
            "sms in this category switched off by the person",
        ),
        ({}, {"policy": Policy(enabled=False)}, "category", "the category off by default"),
        ({"templates": {"t": False}}, {"template_id": "t"}, "template", "the template switched off by the person"),
        ({"consents": {"processing": False}}, {}, "consent", "processing: withdrawn or refused"),
        (
            {},
            {"marketing": True, "policy": Policy(needs_consent=frozenset({"marketing"}))},
            "consent",
            "marketing: never given",
        ),
        ({}, {"expires_at": NIGHT - timedelta(seconds=5)}, "expiry", "at 2026-11-20 23:29:55 UTC"),
        ({"listed": (Listed(channel="sms", reason=Reason.STOPPED),)}, {}, "suppression", "the sms address, for good"),
        (
            {"listed": (Listed(channel="sms", reason=Reason.SOFT_BOUNCED, until=NIGHT + timedelta(hours=1)),)},
            {},
            "suppression",
            "until 2026-11-21 00:30 UTC",
        ),
        ({"quiet": QUIET, "zone": BERLIN}, {}, "quiet", "22:00 to 07:00 Europe/Berlin"),
        (
            {"quiet": QUIET, "zone": BERLIN},
            {"policy": Policy(quiet=QuietPolicy.DROP)},
            "quiet",
            "22:00 to 07:00 Europe/Berlin",
        ),
        ({"digest": DigestChoice(frequency=Frequency.NEVER)}, {"channel": EMAIL}, "digest", "the person chose never"),
        ({"digest": DigestChoice(frequency=Frequency.DAILY)}, {"channel": EMAIL}, "digest", "the person chose daily"),
    ],
)
def test_a_verdict_says_which_input_decided(wishes: dict[str, Any], of: dict[str, Any], rule: str, detail: str) -> None:
    now = NIGHT + timedelta(days=1) if rule == "quiet" else NIGHT  # Sunday, after half past midnight in Berlin
    said = decide(Wishes(**wishes), asked(**of), now)
    assert (said.rule, said.detail) == (rule, detail)
    assert not said.allows


def test_the_span_is_the_one_that_the_persons_clock_shows() -> None:
    hours = quiet_hours_of(
        {"enabled": True, "start": "22:00", "end": "07:00", "days": {"sunday": {"start": "00:00", "end": "24:00"}}}
    )
    assert hours is not None
    at = datetime(2026, 11, 21, 21, 30, tzinfo=UTC)  # Saturday, half past ten at night in Berlin
    assert [hours.span_at(at + timedelta(hours=h), BERLIN) for h in (0, 3, 20, 27, 35)] == [
        "22:00 to 07:00",
        "00:00 to 24:00",
        "00:00 to 24:00",
        "",
        "",
    ]


def test_what_is_allowed_pays_for_no_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from clarion.records.preferences import wording

    for name in [each for each in vars(wording) if each.endswith("_words")]:
        monkeypatch.delattr(wording, name)
    wishes = Wishes(channels={"sms": True}, quiet=QUIET, digest=DigestChoice(frequency=Frequency.DAILY), zone=BERLIN)
    assert decide(wishes, asked(), NIGHT.replace(hour=12)).allows
