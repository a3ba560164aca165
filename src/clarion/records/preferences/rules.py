"""The gate: may this notification go out now? A pure function over frozen facts, run at ingest and again before
sending. The order of the rules is the precedence; the first that speaks decides."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason

CRITICAL, HIGH, MEDIUM, LOW = 1, 2, 3, 4


class Outcome(StrEnum):
    ALLOW = "allow"
    SUPPRESS = "suppress"
    EXPIRE = "expire"


ONLY_MARKETING = frozenset({Reason.COMPLAINED, Reason.UNSUBSCRIBED})
"""Entries of the suppression list that stop marketing alone; all others stop everything."""
NOT_A_WISH = frozenset({Reason.HARD_BOUNCED, Reason.SOFT_BOUNCED, Reason.BLOCKED})
"""Entries that no person asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An entry of the suppression list that stands against the person's address on this channel."""

    channel: str
    reason: Reason
    until: datetime | None = None

    def stops(self, asked: "Asked", now: datetime) -> bool:
        """Whether it forbids what is asked. No bypass, priority or essential category passes it."""
        ended = self.until is not None and self.until <= now
        return not ended and self.concerns(asked.channel, marketing=asked.marketing)

    def concerns(self, channel: str, *, marketing: bool) -> bool:
        """Whether it is about this channel, and about marketing alone only where that is meant."""
        return self.channel == channel and (marketing or self.reason not in ONLY_MARKETING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person set, and what the suppression list has on their addresses; what is absent falls to the defaults
    (`channel_default`)."""

    notifications_enabled: bool = True
    marketing_enabled: bool = True
    channels: Mapping[str, bool] = field(default_factory=dict)
    category_enabled: bool = True
    category_channels: Mapping[str, bool] = field(default_factory=dict)
    listed: tuple[Listed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be sent, as far as the rules care."""

    channel: ChannelKey
    priority: int
    marketing: bool
    essential: bool
    bypass: bool
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the rule named `rule` decided, and why."""

    outcome: Outcome
    rule: str
    reason: Reason | None = None
    detail: str = ""

    @property
    def allows(self) -> bool:
        return self.outcome is Outcome.ALLOW


def channel_default(channel: ChannelKey, *, marketing: bool) -> bool:
    """On, but for marketing by SMS, which the person must have switched on."""
    return not (marketing and channel is ChannelKey.SMS)


def decide(wishes: Wishes, asked: Asked, now: datetime) -> Verdict:
    """Decide about one notification. The suppression list and expiry bind everybody; bypass and essential categories
    pass all switches; critical passes a switched-off channel or category, critical and high pass the global switch."""
    if wishes.listed:
        standing = next((each for each in wishes.listed if each.stops(asked, now)), None)
        if standing is not None:
            return _suppressed(standing)
    if asked.expires_at is not None and asked.expires_at <= now:
        return Verdict(outcome=Outcome.EXPIRE, rule="expiry", reason=Reason.EXPIRED)
    if asked.bypass:
        return Verdict(outcome=Outcome.ALLOW, rule="bypass")
    if asked.essential:
        return Verdict(outcome=Outcome.ALLOW, rule="essential")
    reason = _switched_off(wishes, asked)
    if reason is not None:
        return Verdict(outcome=Outcome.SUPPRESS, rule=RULE_OF[reason], reason=reason)
    return Verdict(outcome=Outcome.ALLOW, rule="preferences")


def _suppressed(standing: Listed) -> Verdict:
    until = f"until {standing.until:%Y-%m-%d %H:%M} UTC" if standing.until else ""
    return Verdict(outcome=Outcome.SUPPRESS, rule="suppression", reason=standing.reason, detail=until)


RULE_OF = {
    Reason.GLOBAL_OFF: "global",
    Reason.MARKETING_OFF: "marketing",
    Reason.CHANNEL_OFF: "channel",
    Reason.CATEGORY_OFF: "category",
}


def _switched_off(wishes: Wishes, asked: Asked) -> Reason | None:
    if not wishes.notifications_enabled and asked.priority > HIGH:
        return Reason.GLOBAL_OFF
    if asked.marketing and not wishes.marketing_enabled:
        return Reason.MARKETING_OFF
    if asked.priority == CRITICAL:
        return None
    set_for_category = wishes.category_channels.get(asked.channel)
    if not wishes.category_enabled or set_for_category is False:
        return Reason.CATEGORY_OFF
    channel_on = wishes.channels.get(asked.channel)
    if channel_on is None:
        channel_on = set_for_category or channel_default(asked.channel, marketing=asked.marketing)
    return None if channel_on else Reason.CHANNEL_OFF
