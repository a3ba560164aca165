"""When to try again, as a pure function: exponential, capped, with ±25 % jitter, never earlier than asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from types import MappingProxyType

from clarion.contract.channel import ChannelKey

JITTER = 0.25
LONGEST_ASKED = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """First wait, growth, longest wait, and after how many attempts a notification becomes a dead letter."""

    base: timedelta
    factor: float
    cap: timedelta
    attempts: int


_PATIENT = Policy(base=timedelta(seconds=30), factor=3, cap=timedelta(hours=2), attempts=8)
_QUICK = Policy(base=timedelta(seconds=5), factor=3, cap=timedelta(hours=1), attempts=8)
_LOCAL = Policy(base=timedelta(seconds=1), factor=2, cap=timedelta(minutes=1), attempts=12)

POLICIES: Mapping[ChannelKey, Policy] = MappingProxyType(
    {
        ChannelKey.EMAIL: _PATIENT,
        ChannelKey.SMS: _QUICK,
        ChannelKey.PUSH: _QUICK,
        ChannelKey.IN_APP: _LOCAL,
        ChannelKey.WEBSOCKET: _LOCAL,
        ChannelKey.WEBHOOK: _QUICK,
        ChannelKey.CHAT: _QUICK,
    }
)


def wait_before(attempt: int, policy: Policy, rng: Random, asked: timedelta | None = None) -> timedelta:
    """The wait after failed attempt number `attempt` (from 1). A provider's Retry-After is a lower bound, itself
    bounded by LONGEST_ASKED."""
    grown = policy.base.total_seconds() * policy.factor ** min(attempt - 1, 50)
    bounded = min(grown, policy.cap.total_seconds())
    wait = timedelta(seconds=bounded * rng.uniform(1 - JITTER, 1 + JITTER))
    if asked is None:
        return wait
    return max(wait, min(asked, LONGEST_ASKED))
