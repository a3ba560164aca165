"""When to try again, as a pure function: exponential, capped, with ±25 % jitter, never earlier than asked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from types import MappingProxyType

from clarion.contract.channel import ChannelKey
from clarion.records.categories.retry import RetryRule

JITTER = 0.25
LONGEST_ASKED = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """First wait, growth, longest wait, and after how many attempts, or how long after it was due, a notification
    becomes a dead letter."""

    base: timedelta
    factor: float
    cap: timedelta
    attempts: int
    deadline: timedelta = timedelta(hours=24)


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


def policy_of(channel: ChannelKey, rule: RetryRule) -> Policy:
    """The channel's policy with what the category's rule sets laid over it."""
    spans = {"base": rule.base_seconds, "cap": rule.cap_seconds, "deadline": rule.deadline_seconds}
    changed: dict[str, timedelta | float | int] = {
        name: timedelta(seconds=seconds) for name, seconds in spans.items() if seconds is not None
    }
    if rule.factor is not None:
        changed["factor"] = rule.factor
    if rule.attempts is not None:
        changed["attempts"] = rule.attempts
    return replace(POLICIES[channel], **changed) if changed else POLICIES[channel]  # type: ignore[arg-type]


def used_up(tries: int, next_at: datetime, since: datetime, policy: Policy) -> str:
    """Why there is no further attempt, or empty. `tries` were made since `since`; the next would be at `next_at`."""
    if tries >= policy.attempts:
        return f"{tries} attempts"
    if next_at > since + policy.deadline:
        return f"the deadline, {policy.deadline} after it was due"
    return ""


def wait_before(attempt: int, policy: Policy, rng: Random, asked: timedelta | None = None) -> timedelta:
    """The wait after failed attempt number `attempt` (from 1). A provider's Retry-After is a lower bound, itself
    bounded by LONGEST_ASKED."""
    grown = policy.base.total_seconds() * policy.factor ** min(attempt - 1, 50)
    bounded = min(grown, policy.cap.total_seconds())
    wait = timedelta(seconds=bounded * rng.uniform(1 - JITTER, 1 + JITTER))
    if asked is None:
        return wait
    return max(wait, min(asked, LONGEST_ASKED))
