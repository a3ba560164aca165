"""The gate: may this notification go out now? One pure function over frozen facts, run at ingest, before sending and in
dry runs. The order of `RULES` is the precedence; the first that speaks decides. docs/reference/preferences.md has the
table, and the tests execute it."""

from collections.abc import Callable
from datetime import datetime

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.categories.policy import QuietPolicy
from clarion.records.preferences import wording
from clarion.records.preferences.caps import capped, caps_of, is_capped, over_cap
from clarion.records.preferences.terms import (
    CRITICAL,
    HIGH,
    INTERRUPTS,
    LOW,
    MEDIUM,
    NOT_A_WISH,
    ONLY_MARKETING,
    OPEN_POLICY,
    UNUSED,
    Asked,
    DigestKey,
    DigestWish,
    Listed,
    Outcome,
    Policy,
    QuietTimes,
    Used,
    Verdict,
    Wishes,
)

__all__ = [
    "BYPASS",
    "CRITICAL",
    "HIGH",
    "INTERRUPTS",
    "LOW",
    "MARKETING",
    "MEDIUM",
    "NOT_A_WISH",
    "ONLY_MARKETING",
    "OPEN_POLICY",
    "PROCESSING",
    "RULES",
    "RULES_VERSION",
    "RULE_OF",
    "UNUSED",
    "Asked",
    "DigestKey",
    "DigestWish",
    "Listed",
    "Outcome",
    "Policy",
    "QuietTimes",
    "Used",
    "Verdict",
    "Wishes",
    "caps_of",
    "channel_default",
    "channel_on",
    "decide",
    "decide_switches",
    "is_capped",
    "over_cap",
]

RULES_VERSION = 2
"""Goes up with every change of what these rules decide; decisions on record name it."""
Rule = Callable[[Wishes, Asked, datetime], Verdict | None]
BYPASS = "bypass"
_BYPASSED = Verdict(outcome=Outcome.ALLOW, rule=BYPASS)
_ESSENTIAL = Verdict(outcome=Outcome.ALLOW, rule="essential")
_WISHED = Verdict(outcome=Outcome.ALLOW, rule="preferences")


def channel_default(channel: ChannelKey, *, marketing: bool, policy: Policy = OPEN_POLICY) -> bool:
    """What holds for a channel that the person did not set: the category's, else the deployment's, else on. Marketing
    by SMS the person must have switched on for the category, whatever that says."""
    if marketing and channel is ChannelKey.SMS:
        return False
    own = policy.channels.get(channel)
    return channel not in policy.off if own is None else own


def decide(wishes: Wishes, asked: Asked, now: datetime) -> Verdict:
    """Decide about one notification: what the first rule says that speaks."""
    for rule in RULES:
        verdict = rule(wishes, asked, now)
        if verdict is not None:
            return verdict
    return _WISHED


def decide_switches(wishes: Wishes, asked: Asked, now: datetime) -> Verdict:
    """What consent and switches alone say, whatever the hour, the address and the count."""
    for rule in SWITCHES:
        verdict = rule(wishes, asked, now)
        if verdict is not None:
            return verdict
    return _WISHED


def _suppression(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Binds everybody."""
    for each in wishes.listed:
        if each.stops(asked, now):
            detail = wording.listed_words(each)
            return Verdict(outcome=Outcome.SUPPRESS, rule="suppression", reason=each.reason, detail=detail)
    return None


def _expiry(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    if asked.expires_at is not None and asked.expires_at <= now:
        detail = wording.expired_words(asked)
        return Verdict(outcome=Outcome.EXPIRE, rule="expiry", reason=Reason.EXPIRED, detail=detail)
    return None


def _consent(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Neither bypass nor priority passes it, for consent is the law's and not a wish; an essential category does. What
    was withdrawn binds also where the deployment asks for no consent."""
    if asked.essential:
        return None
    given = wishes.consents.get
    if given(PROCESSING) is False or (PROCESSING in asked.policy.needs_consent and not given(PROCESSING)):
        return _off(Reason.NO_CONSENT, wording.consent_words(wishes, PROCESSING))
    if asked.marketing and (
        given(MARKETING) is False or (MARKETING in asked.policy.needs_consent and not given(MARKETING))
    ):
        return _off(Reason.NO_CONSENT, wording.consent_words(wishes, MARKETING))
    return None


PROCESSING, MARKETING = "processing", "marketing"


def _overrides(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """A caller with the permission, and essential categories, pass all that follows."""
    if asked.bypass:
        return _BYPASSED
    return _ESSENTIAL if asked.essential else None


def _global(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical and high pass it."""
    on = wishes.notifications_enabled
    if on is None:
        on = "notifications" not in asked.policy.off
    return None if on or asked.is_urgent(HIGH) else _off(Reason.GLOBAL_OFF, wording.global_words(wishes))


def _marketing(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    if not asked.marketing:
        return None
    on = wishes.marketing_enabled
    if on is None:
        on = MARKETING not in asked.policy.off
    return None if on else _off(Reason.MARKETING_OFF, wording.marketing_words(wishes))


def channel_on(wishes: Wishes, channel: ChannelKey, *, marketing: bool, policy: Policy) -> bool:
    """Whether the channel is on for this category. What is not set in general may be switched on for the category.
    Marketing by SMS must be: the switch in general is shown as on, and would be agreed to by sending it back."""
    on = wishes.channels.get(channel)
    if marketing and channel is ChannelKey.SMS:
        return on is not False and wishes.category_channels.get(channel) is True
    if on is None:
        on = wishes.category_channels.get(channel) or channel_default(channel, marketing=marketing, policy=policy)
    return on


def _channel(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical passes it."""
    if asked.is_urgent(CRITICAL):
        return None
    on = channel_on(wishes, asked.channel, marketing=asked.marketing, policy=asked.policy)
    return None if on else _off(Reason.CHANNEL_OFF, wording.channel_words(wishes, asked))


def _category(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical passes it. A category that is off by itself goes out on channels that the person switched on for it."""
    if asked.is_urgent(CRITICAL):
        return None
    on_channel = wishes.category_channels.get(asked.channel)
    enabled = wishes.category_enabled
    if enabled is None:
        enabled = asked.policy.enabled or on_channel is True
    if enabled and on_channel is not False:
        return None
    return _off(Reason.CATEGORY_OFF, wording.category_words(wishes, asked))


def _template(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical passes it."""
    if asked.is_urgent(CRITICAL) or not wishes.templates:
        return None
    if wishes.templates.get(asked.template_id) is not False:
        return None
    return _off(Reason.TEMPLATE_OFF, wording.template_words())


def _caps(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical passes them. At the moment of sending, flows/delivery/capping.py takes the place for good."""
    if not is_capped(wishes, asked) or asked.counted or _is_later(asked, now):
        return None
    full = over_cap(caps_of(wishes, asked), wishes.used, wishes.category_used, asked.priority)
    return capped(full) if full else None


def _is_later(asked: Asked, now: datetime) -> bool:
    return asked.due_at is not None and asked.due_at > now


def _quiet(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical and high pass it. What goes into a digest is not held: collecting disturbs nobody."""
    if wishes.quiet is None or asked.is_urgent(HIGH) or asked.policy.quiet is QuietPolicy.THROUGH:
        return None
    if asked.channel not in INTERRUPTS:
        return None
    if _is_later(asked, now):
        return None
    until = wishes.quiet.ends_at(now, wishes.zone)
    if until is None:
        return None
    if asked.policy.quiet is QuietPolicy.DROP:
        detail = wording.quiet_words(wishes.quiet, now, wishes.zone)
        return Verdict(outcome=Outcome.SUPPRESS, rule="quiet", reason=Reason.QUIET_HOURS, detail=detail)
    if _collects(wishes, asked) and not _goes_singly(wishes, asked, now):
        return None
    detail = wording.quiet_words(wishes.quiet, now, wishes.zone)
    return Verdict(outcome=Outcome.HOLD, rule="quiet", reason=Reason.QUIET_HOURS, until=until, detail=detail)


def _collects(wishes: Wishes, asked: Asked) -> bool:
    """Whether the person's choice of digests says anything about this."""
    return (
        wishes.digest is not None
        and wishes.digest.frequency != "immediate"
        and not asked.is_urgent(HIGH)
        and asked.policy.digestible
        and not asked.collected
        and asked.channel in asked.policy.digest_channels
    )


def _goes_singly(wishes: Wishes, asked: Asked, now: datetime) -> bool:
    """Whether it cannot wait for its digest: it has more channels to go on with, or expires before."""
    if wishes.digest is None or wishes.digest.frequency == "never":
        return False
    if asked.chained or asked.expires_at is None:
        return asked.chained
    return asked.expires_at <= wishes.digest.window(now, wishes.zone)[2]


def _digest(wishes: Wishes, asked: Asked, now: datetime) -> Verdict | None:
    """Critical and high pass it. `never`: what could be put into a digest is not wanted at all."""
    if wishes.digest is None or not _collects(wishes, asked) or _is_later(asked, now):
        return None
    if wishes.digest.frequency == "never":
        detail = wording.digest_words(wishes.digest)
        return Verdict(outcome=Outcome.SUPPRESS, rule="digest", reason=Reason.DIGEST_NEVER, detail=detail)
    if _goes_singly(wishes, asked, now):
        return None
    window = DigestKey(*wishes.digest.window(now, wishes.zone))
    detail = wording.digest_words(wishes.digest)
    return Verdict(outcome=Outcome.DIGEST, rule="digest", reason=Reason.DIGESTED, digest=window, detail=detail)


RULE_OF = {
    Reason.NO_CONSENT: "consent",
    Reason.GLOBAL_OFF: "global",
    Reason.MARKETING_OFF: "marketing",
    Reason.CHANNEL_OFF: "channel",
    Reason.CATEGORY_OFF: "category",
    Reason.TEMPLATE_OFF: "template",
}


def _off(reason: Reason, detail: str) -> Verdict:
    return Verdict(outcome=Outcome.SUPPRESS, rule=RULE_OF[reason], reason=reason, detail=detail)


SWITCHES: tuple[Rule, ...] = (_consent, _overrides, _global, _marketing, _channel, _category, _template)
RULES: tuple[Rule, ...] = (_suppression, _expiry, *SWITCHES, _caps, _quiet, _digest)
