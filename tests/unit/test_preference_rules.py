"""What holds for all wishes and requests, whatever the table of docs/reference/preferences.md has in its rows."""

from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.records.categories.policy import Cap, QuietPolicy
from clarion.records.preferences import inheritance
from clarion.records.preferences.digest_choice import DigestChoice, Frequency
from clarion.records.preferences.quiet_hours import QuietHours, Span
from clarion.records.preferences.rules import Asked, Listed, Outcome, Policy, Used, Verdict, Wishes, decide

NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
TEMPLATE = "0190a000-0000-7000-8000-000000000001"
MAYBE = st.none() | st.booleans()
SWITCHES = st.dictionaries(st.sampled_from([str(c) for c in ChannelKey]), st.booleans(), max_size=4)
CONSENTS = st.dictionaries(st.sampled_from(["marketing", "processing"]), st.booleans())
CAPS = st.builds(Cap, st.integers(0, 4), st.integers(0, 8))
USED = st.builds(Used, st.integers(0, 5), st.integers(0, 9))
SPANS = st.none() | st.builds(
    lambda start, length: Span(start=start * 3_600, end=(start + length) * 3_600),
    st.integers(0, 23),
    st.integers(1, 20),
)
WISHES = st.builds(
    Wishes,
    notifications_enabled=MAYBE,
    marketing_enabled=MAYBE,
    channels=SWITCHES,
    category_enabled=MAYBE,
    category_channels=SWITCHES,
    templates=st.dictionaries(st.just(TEMPLATE), st.booleans()),
    listed=st.lists(
        st.builds(
            Listed,
            channel=st.sampled_from(["email", "sms"]),
            reason=st.sampled_from([Reason.HARD_BOUNCED, Reason.COMPLAINED, Reason.STOPPED]),
        ),
        max_size=2,
    ).map(tuple),
    consents=CONSENTS,
    zone=st.sampled_from(["UTC", "Africa/Nairobi", "America/New_York"]),
    quiet=st.none() | st.builds(QuietHours, days=st.tuples(*[SPANS] * 7)),
    digest=st.none() | st.builds(DigestChoice, frequency=st.sampled_from(list(Frequency)), at=st.just(time(8))),
    max_per_day=st.integers(0, 4),
    used=USED,
    category_used=USED,
)
POLICIES = st.builds(
    Policy,
    enabled=st.booleans(),
    channels=SWITCHES,
    off=st.frozensets(st.sampled_from(["notifications", "marketing", "email", "sms"])),
    quiet=st.sampled_from(list(QuietPolicy)),
    digestible=st.booleans(),
    digest_channels=st.sampled_from([frozenset({"email"}), frozenset({"email", "push", "sms"})]),
    cap=CAPS,
    category_cap=CAPS,
    needs_consent=st.frozensets(st.sampled_from(["marketing", "processing"])),
)
REQUESTS = st.builds(
    Asked,
    channel=st.sampled_from(list(ChannelKey)),
    priority=st.integers(min_value=1, max_value=4),
    marketing=st.booleans(),
    essential=st.booleans(),
    bypass=st.booleans(),
    expires_at=st.none() | st.sampled_from([NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)]),
    template_id=st.sampled_from(["", TEMPLATE]),
    due_at=st.none() | st.sampled_from([NOW, NOW + timedelta(hours=1)]),
    counted=st.booleans(),
    collected=st.booleans(),
    policy=POLICIES,
)


def rank(verdict: Verdict) -> int:
    """How much goes out, and how soon."""
    return 2 if verdict.allows else int(verdict.goes)


@given(WISHES, REQUESTS)
def test_every_verdict_is_whole(wishes: Wishes, asked: Asked) -> None:
    verdict = decide(wishes, asked, NOW)
    assert (verdict.reason is None) == verdict.allows
    assert verdict.reason is None or REASONS[verdict.reason]
    assert (verdict.until is not None) == (verdict.outcome is Outcome.HOLD)
    assert verdict.until is None or verdict.until > NOW
    assert (verdict.digest is not None) == (verdict.outcome is Outcome.DIGEST)
    assert verdict.digest is None or verdict.digest.opens_at <= NOW < verdict.digest.closes_at


@given(WISHES, REQUESTS)
def test_more_urgent_is_never_treated_worse(wishes: Wishes, asked: Asked) -> None:
    ranks = [rank(decide(wishes, replace(asked, priority=priority), NOW)) for priority in (4, 3, 2, 1)]
    assert ranks == sorted(ranks)


@given(WISHES, REQUESTS)
def test_critical_is_never_held_capped_or_digested(wishes: Wishes, asked: Asked) -> None:
    assert decide(wishes, replace(asked, priority=1), NOW).rule not in ("caps", "quiet", "digest")


@given(WISHES, REQUESTS)
def test_essential_and_bypass_are_stopped_by_list_expiry_and_consent_alone(wishes: Wishes, asked: Asked) -> None:
    for passing in (replace(asked, essential=True), replace(asked, bypass=True)):
        verdict = decide(wishes, passing, NOW)
        assert verdict.allows or verdict.rule in ("suppression", "expiry", "consent")


def switched_off(wishes: Wishes, asked: Asked) -> list[Wishes]:
    """The same wishes with one thing more switched off."""
    channel = str(asked.channel)
    return [
        replace(wishes, notifications_enabled=False),
        replace(wishes, marketing_enabled=False),
        replace(wishes, category_enabled=False),
        replace(wishes, channels={**wishes.channels, channel: False}),
        replace(wishes, category_channels={**wishes.category_channels, channel: False}),
        replace(wishes, templates={TEMPLATE: False}),
        replace(wishes, consents={**wishes.consents, "marketing": False}),
        replace(wishes, consents={**wishes.consents, "processing": False}),
        replace(wishes, listed=(*wishes.listed, Listed(channel=channel, reason=Reason.STOPPED))),
        replace(wishes, max_per_day=max(wishes.max_per_day - 1, 1) if wishes.max_per_day else 1),
        replace(wishes, used=Used(wishes.used.today + 1, wishes.used.week + 1)),
        replace(wishes, digest=DigestChoice(frequency=Frequency.NEVER)),
    ]


@given(WISHES, REQUESTS)
def test_switching_something_off_never_makes_more_go_out(wishes: Wishes, asked: Asked) -> None:
    before = rank(decide(wishes, asked, NOW))
    for less in switched_off(wishes, asked):
        assert rank(decide(less, asked, NOW)) <= before, less


@given(WISHES, REQUESTS)
def test_what_the_operator_has_off_never_makes_more_go_out(wishes: Wishes, asked: Asked) -> None:
    before = rank(decide(wishes, asked, NOW))
    policy = asked.policy
    for less in (
        replace(policy, off=policy.off | {str(asked.channel), "notifications", "marketing"}),
        replace(policy, needs_consent=frozenset({"marketing", "processing"})),
        replace(policy, enabled=False),
        replace(policy, cap=Cap(1, 1)),
        replace(policy, quiet=QuietPolicy.DROP),
    ):
        assert rank(decide(wishes, replace(asked, policy=less), NOW)) <= before, less


@given(WISHES, REQUESTS)
def test_what_is_shown_as_effective_is_what_the_gate_does(wishes: Wishes, asked: Asked) -> None:
    calm = replace(wishes, listed=(), quiet=None, digest=None, max_per_day=0, templates={})
    policy = replace(asked.policy, cap=Cap(), category_cap=Cap())
    usual = replace(asked, priority=3, bypass=False, expires_at=None, policy=policy)
    shown = inheritance.in_category(
        calm, asked.channel, policy, is_marketing=asked.marketing, essential=asked.essential
    )
    verdict = decide(calm, usual, NOW)
    assert (shown.value, shown.rule) == (verdict.allows, verdict.rule)


def test_the_strategies_know_every_wish_and_policy() -> None:
    """A new field must be drawn here, too."""
    assert {f.name for f in fields(Wishes)} == {
        "notifications_enabled", "marketing_enabled", "channels", "category_enabled", "category_channels", "templates",
        "listed", "consents", "zone", "quiet", "digest", "max_per_day", "used", "category_used",
    }  # fmt: skip
    assert {f.name for f in fields(Policy)} == {
        "enabled", "channels", "off", "quiet", "digestible", "digest_channels", "cap", "category_cap", "needs_consent",
    }  # fmt: skip
