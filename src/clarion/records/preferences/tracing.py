"""Every rule of the gate in order, with what it looked at and what it said: what `explain` shows of a dry run. The
rules themselves are asked, so it cannot say anything else than they do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from clarion.records.preferences.rules import RULES, Asked, Listed, Verdict, Wishes, caps_of

Inputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One rule: what it looked at, and its verdict. None: it had nothing to say, or an earlier one had spoken
    (`asked` False)."""

    rule: str
    inputs: Inputs
    verdict: Verdict | None
    asked: bool


def trace(wishes: Wishes, asked: Asked, now: datetime) -> list[Rung]:
    """All rules, in the order of precedence; the first that speaks decides."""
    rungs: list[Rung] = []
    spoken = False
    for rule in RULES:
        name = rule.__name__.lstrip("_")
        verdict = None if spoken else rule(wishes, asked, now)
        rungs.append(Rung(rule=name, inputs=_INPUTS[name](wishes, asked), verdict=verdict, asked=not spoken))
        spoken = spoken or verdict is not None
    return rungs


def _suppression(wishes: Wishes, asked: Asked) -> Inputs:
    return {"entries": [_entry(each) for each in wishes.listed if each.channel == asked.channel]}


def _entry(listed: Listed) -> dict[str, Any]:
    return {"reason": str(listed.reason), "until": listed.until}


def _expiry(wishes: Wishes, asked: Asked) -> Inputs:
    return {"expires_at": asked.expires_at}


def _consent(wishes: Wishes, asked: Asked) -> Inputs:
    return {
        "given": dict(wishes.consents),
        "needed": sorted(asked.policy.needs_consent),
        "marketing": asked.marketing,
        "essential": asked.essential,
    }


def _overrides(wishes: Wishes, asked: Asked) -> Inputs:
    return {"bypass_preferences": asked.bypass, "essential": asked.essential}


def _global(wishes: Wishes, asked: Asked) -> Inputs:
    return {"notifications_enabled": wishes.notifications_enabled, "priority": asked.priority, **_off_by_default(asked)}


def _marketing(wishes: Wishes, asked: Asked) -> Inputs:
    return {"marketing_enabled": wishes.marketing_enabled, "marketing": asked.marketing, **_off_by_default(asked)}


def _channel(wishes: Wishes, asked: Asked) -> Inputs:
    return {
        "channel": str(asked.channel),
        "set": wishes.channels.get(asked.channel),
        "set_for_category": wishes.category_channels.get(asked.channel),
        "category_default": asked.policy.channels.get(asked.channel),
        "priority": asked.priority,
        **_off_by_default(asked),
    }


def _category(wishes: Wishes, asked: Asked) -> Inputs:
    return {
        "enabled": wishes.category_enabled,
        "enabled_on_channel": wishes.category_channels.get(asked.channel),
        "category_default": asked.policy.enabled,
        "priority": asked.priority,
    }


def _template(wishes: Wishes, asked: Asked) -> Inputs:
    return {"enabled": wishes.templates.get(asked.template_id), "priority": asked.priority}


def _caps(wishes: Wishes, asked: Asked) -> Inputs:
    every, own = caps_of(wishes, asked)
    return {
        "per_day": every.per_day,
        "per_week": every.per_week,
        "used_today": wishes.used.today,
        "used_this_week": wishes.used.week,
        "category_per_day": own.per_day,
        "category_per_week": own.per_week,
        "category_used_today": wishes.category_used.today,
        "category_used_this_week": wishes.category_used.week,
        "priority": asked.priority,
    }


def _quiet(wishes: Wishes, asked: Asked) -> Inputs:
    return {
        "quiet_hours": wishes.quiet is not None,
        "timezone": wishes.zone,
        "category_policy": str(asked.policy.quiet),
        "priority": asked.priority,
    }


def _digest(wishes: Wishes, asked: Asked) -> Inputs:
    return {
        "frequency": wishes.digest.frequency if wishes.digest is not None else "immediate",
        "timezone": wishes.zone,
        "channels": sorted(asked.policy.digest_channels),
        "priority": asked.priority,
    }


def _off_by_default(asked: Asked) -> Inputs:
    return {"off_in_this_deployment": sorted(asked.policy.off)}


_INPUTS: Mapping[str, Callable[[Wishes, Asked], Inputs]] = {
    "suppression": _suppression,
    "expiry": _expiry,
    "consent": _consent,
    "overrides": _overrides,
    "global": _global,
    "marketing": _marketing,
    "channel": _channel,
    "category": _category,
    "template": _template,
    "caps": _caps,
    "quiet": _quiet,
    "digest": _digest,
}
