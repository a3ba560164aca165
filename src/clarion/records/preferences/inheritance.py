"""What a person's wishes come to, switch by switch, and where each value is from. Pure: it asks the gate's own rules,
so what is shown and what is done cannot differ."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from clarion.contract.channel import ChannelKey
from clarion.records.preferences.rules import (
    MARKETING,
    MEDIUM,
    PROCESSING,
    Asked,
    Policy,
    Wishes,
    channel_default,
    decide_switches,
)


class Origin(StrEnum):
    """Who said so: the person, the category, the operator, nobody (built in), or the consent that is there or not."""

    SET = "set"
    CATEGORY = "category"
    DEPLOYMENT = "deployment"
    DEFAULT = "default"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A switch as it works; `rule`: the rule that speaks (docs/reference/preferences.md)."""

    value: bool
    origin: Origin
    rule: str


_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def notifications(wishes: Wishes, policy: Policy) -> Effective:
    """The switch over everything."""
    if wishes.notifications_enabled is not None:
        return Effective(value=wishes.notifications_enabled, origin=Origin.SET, rule="global")
    return _by_deployment("notifications", policy, "global")


def marketing(wishes: Wishes, policy: Policy) -> Effective:
    """The switch over marketing: it is on where marketing comes, so without consent it is off."""
    given = wishes.consents.get(MARKETING)
    if given is False or (MARKETING in policy.needs_consent and not given):
        return Effective(value=False, origin=Origin.CONSENT, rule="consent")
    if wishes.marketing_enabled is not None:
        return Effective(value=wishes.marketing_enabled, origin=Origin.SET, rule="marketing")
    return _by_deployment(MARKETING, policy, "marketing")


def processing(wishes: Wishes, policy: Policy) -> Effective:
    """The consent to process data at all."""
    given = wishes.consents.get(PROCESSING)
    if given is not None:
        return Effective(value=given, origin=Origin.CONSENT, rule="consent")
    return Effective(value=PROCESSING not in policy.needs_consent, origin=Origin.DEPLOYMENT, rule="consent")


def channel(wishes: Wishes, key: ChannelKey, policy: Policy) -> Effective:
    """A channel's general switch, for what is not marketing."""
    if key in wishes.channels:
        return Effective(value=wishes.channels[key], origin=Origin.SET, rule="channel")
    return _by_deployment(key, policy, "channel")


def _by_deployment(name: str, policy: Policy, rule: str) -> Effective:
    off = name in policy.off
    return Effective(value=not off, origin=Origin.DEPLOYMENT if off else Origin.DEFAULT, rule=rule)


def in_category(wishes: Wishes, key: ChannelKey, policy: Policy, *, is_marketing: bool, essential: bool) -> Effective:
    """Whether an ordinary notification (medium priority) of a category goes out on a channel, whatever the hour."""
    asked = Asked(
        channel=key,
        priority=MEDIUM,
        marketing=is_marketing,
        essential=essential,
        bypass=False,
        expires_at=None,
        policy=policy,
    )
    verdict = decide_switches(wishes, asked, _ANY_TIME)
    origin = _ORIGINS.get(verdict.rule) or _origin(wishes, key, policy, verdict.rule, is_marketing=is_marketing)
    return Effective(value=verdict.allows, origin=origin, rule=verdict.rule)


_ORIGINS = {"consent": Origin.CONSENT, "essential": Origin.CATEGORY}


def _origin(wishes: Wishes, key: ChannelKey, policy: Policy, rule: str, *, is_marketing: bool) -> Origin:
    if rule == "global":
        return Origin.DEPLOYMENT if wishes.notifications_enabled is None else Origin.SET
    if rule == "marketing":
        return Origin.DEPLOYMENT if wishes.marketing_enabled is None else Origin.SET
    if rule == "category":
        own = wishes.category_enabled is not None or wishes.category_channels.get(key) is False
        return Origin.SET if own else Origin.CATEGORY
    if key in wishes.category_channels or key in wishes.channels:
        return Origin.SET
    if key in policy.channels:
        return Origin.CATEGORY
    off = not channel_default(key, marketing=is_marketing, policy=policy)
    return Origin.DEPLOYMENT if off and key in policy.off else Origin.DEFAULT
