"""The ladder of rules that explain shows, held against what the rules decide."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.preferences.rules import Asked, Listed, Policy, Wishes, decide
from clarion.records.preferences.tracing import trace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDER = [
    "suppression", "expiry", "consent", "overrides", "global", "marketing", "channel", "category", "template", "caps",
    "quiet", "digest",
]  # fmt: skip
maybe = st.sampled_from([None, True, False])


def asked(channel: ChannelKey = ChannelKey.SMS, priority: int = 3, **more: object) -> Asked:
    given = {"marketing": False, "essential": False, "bypass": False, "expires_at": None, **more}
    return Asked(channel=channel, priority=priority, **given)  # type: ignore[arg-type]


def test_the_ladder_has_every_rule_in_the_order_of_precedence() -> None:
    assert [rung.rule for rung in trace(Wishes(), asked(), NOW)] == ORDER


def test_a_rung_shows_what_its_rule_looked_at_and_those_after_it_were_not_asked() -> None:
    rungs = {rung.rule: rung for rung in trace(Wishes(channels={"sms": False}), asked(), NOW)}
    assert rungs["channel"].verdict is not None
    assert rungs["channel"].verdict.reason is Reason.CHANNEL_OFF
    assert (rungs["channel"].inputs["channel"], rungs["channel"].inputs["set"]) == ("sms", False)
    assert [rung.rule for rung in rungs.values() if not rung.asked] == ORDER[ORDER.index("channel") + 1 :]


@given(
    wishes=st.builds(
        Wishes,
        notifications_enabled=maybe,
        marketing_enabled=maybe,
        channels=st.dictionaries(st.sampled_from(["sms", "email"]), st.booleans()),
        category_enabled=maybe,
        consents=st.dictionaries(st.sampled_from(["marketing", "processing"]), st.booleans()),
        listed=st.lists(
            st.builds(Listed, channel=st.just("sms"), reason=st.sampled_from([Reason.COMPLAINED, Reason.BLOCKED]))
        ).map(tuple),
    ),
    priority=st.integers(1, 4),
    marketing=st.booleans(),
    essential=st.booleans(),
    bypass=st.booleans(),
    needs=st.frozensets(st.sampled_from(["marketing", "processing"])),
)
def test_what_the_ladder_says_is_what_is_decided(
    wishes: Wishes, priority: int, marketing: bool, essential: bool, bypass: bool, needs: frozenset[str]
) -> None:
    request = asked(
        priority=priority,
        marketing=marketing,
        essential=essential,
        bypass=bypass,
        policy=Policy(needs_consent=needs),
    )
    verdict = decide(wishes, request, NOW)
    spoken = [rung.verdict for rung in trace(wishes, request, NOW) if rung.verdict is not None]
    assert spoken == ([verdict] if verdict.rule != "preferences" else [])
