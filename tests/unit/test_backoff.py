"""When to try again."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.backoff import JITTER, LONGEST_ASKED, POLICIES, Policy, wait_before

POLICY = Policy(base=timedelta(seconds=10), factor=2, cap=timedelta(minutes=5), attempts=5)
ATTEMPTS = st.integers(min_value=1, max_value=40)


class NoJitter(Random):
    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def test_waits_grow_by_the_factor_up_to_the_cap() -> None:
    waits = [wait_before(n, POLICY, NoJitter()).total_seconds() for n in range(1, 8)]
    assert waits == [10, 20, 40, 80, 160, 300, 300]


@given(ATTEMPTS, st.integers())
def test_jitter_stays_within_a_quarter(attempt: int, seed: int) -> None:
    plain = wait_before(attempt, POLICY, NoJitter()).total_seconds()
    wait = wait_before(attempt, POLICY, Random(seed)).total_seconds()
    assert plain * (1 - JITTER) - 1e-6 <= wait <= plain * (1 + JITTER) + 1e-6


@given(ATTEMPTS, st.integers(), st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=30)))
def test_never_earlier_than_asked_and_never_absurdly_late(attempt: int, seed: int, asked: timedelta) -> None:
    wait = wait_before(attempt, POLICY, Random(seed), asked)
    assert wait >= min(asked, LONGEST_ASKED)
    assert wait <= max(POLICY.cap * (1 + JITTER), LONGEST_ASKED)


def test_every_channel_has_a_policy_with_an_end() -> None:
    assert set(POLICIES) == set(ChannelKey)
    assert all(0 < policy.attempts <= 20 and policy.base < policy.cap for policy in POLICIES.values())
