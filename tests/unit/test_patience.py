"""A category's own patience, the deadline, and work that is found late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.delivery.backoff import POLICIES, policy_of, used_up
from clarion.flows.delivery.gate import is_misfired
from clarion.records.categories.retry import BOUNDS, CHANNELS_OWN, RetryRule, checked_retry, rule_of

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EMAIL = ChannelKey.EMAIL
CHANNELS = st.sampled_from(list(ChannelKey))
PARTS = {
    name: st.integers(int(low) or 1, int(high)) if name == "attempts" else st.floats(low, high)
    for name, (low, high) in BOUNDS.items()
}
RULES = st.fixed_dictionaries({}, optional=PARTS)  # type: ignore[arg-type]


def test_a_category_that_sets_nothing_leaves_the_channels_policies() -> None:
    assert rule_of({}) is CHANNELS_OWN
    assert all(policy_of(key, CHANNELS_OWN) is POLICIES[key] for key in ChannelKey)
    assert {policy.deadline for policy in POLICIES.values()} == {timedelta(hours=24)}


@given(CHANNELS, RULES)
def test_what_is_set_counts_and_the_rest_is_the_channels(key: ChannelKey, given_rule: dict[str, float]) -> None:
    policy, usual = policy_of(key, rule_of(given_rule)), POLICIES[key]
    found = {
        "base_seconds": policy.base,
        "cap_seconds": policy.cap,
        "deadline_seconds": policy.deadline,
        "factor": policy.factor,
        "attempts": policy.attempts,
    }
    own = {
        "base_seconds": usual.base,
        "cap_seconds": usual.cap,
        "deadline_seconds": usual.deadline,
        "factor": usual.factor,
        "attempts": usual.attempts,
    }
    for name in BOUNDS:
        spans = name.endswith("_seconds")
        wanted = own[name] if name not in given_rule else given_rule[name]
        assert found[name] == (timedelta(seconds=wanted) if spans and name in given_rule else wanted)  # type: ignore[arg-type]


@given(RULES)
def test_a_rule_is_kept_as_it_was_checked(given_rule: dict[str, float]) -> None:
    if given_rule.get("cap_seconds", 1e9) < given_rule.get("base_seconds", 0):
        with pytest.raises(InputError) as refused:
            checked_retry(given_rule)
        assert (refused.value.code, refused.value.pointer) == ("cap_below_base", "/retry/cap_seconds")
        return
    kept = checked_retry({**given_rule, **{name: None for name in BOUNDS if name not in given_rule}})
    assert kept == given_rule
    assert rule_of(kept) == RetryRule(**given_rule)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", list(BOUNDS))
def test_what_is_out_of_bounds_is_refused(name: str) -> None:
    low, high = BOUNDS[name]
    for value in (low - 0.01, high + 1, -1, float("inf")):
        with pytest.raises(InputError) as refused:
            checked_retry({name: value})
        assert (refused.value.code, refused.value.pointer) == ("out_of_bounds", f"/retry/{name}")


def test_attempts_and_the_deadline_end_it_whichever_comes_first() -> None:
    policy = policy_of(EMAIL, RetryRule(attempts=3, deadline_seconds=3_600))
    soon, late = NOW + timedelta(minutes=59), NOW + timedelta(minutes=61)
    assert used_up(2, soon, NOW, policy) == ""
    assert used_up(2, NOW + timedelta(hours=1), NOW, policy) == ""
    assert used_up(3, soon, NOW, policy) == "3 attempts"
    assert used_up(2, late, NOW, policy) == "the deadline, 1:00:00 after it was due"
    assert used_up(3, late, NOW, policy) == "3 attempts"


@given(
    CHANNELS,
    RULES,
    st.integers(1, 100),
    st.timedeltas(timedelta(0), timedelta(days=60)),
    st.timedeltas(timedelta(0), timedelta(days=60)),
)
def test_more_tries_or_more_time_never_bring_hope_back(
    key: ChannelKey, given_rule: dict[str, float], tries: int, after: timedelta, more: timedelta
) -> None:
    policy = policy_of(key, rule_of(given_rule))
    if used_up(tries, NOW + after, NOW, policy):
        assert used_up(tries + 1, NOW + after, NOW, policy)
        assert used_up(tries, NOW + after + more, NOW, policy)


def test_late_work_is_skipped_only_where_it_is_said_so_and_only_after_the_grace() -> None:
    hour = timedelta(hours=1)
    assert not is_misfired(NOW - timedelta(days=400), None, NOW)
    assert not is_misfired(NOW - hour, hour, NOW)
    assert is_misfired(NOW - hour - timedelta(microseconds=1), hour, NOW)
    assert not is_misfired(NOW + hour, timedelta(0), NOW)
    assert is_misfired(NOW - timedelta(microseconds=1), timedelta(0), NOW)
