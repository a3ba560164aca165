"""Which input decided, in words: the detail of verdicts that hold something back, for explain. Only they pay for the
words. The rules are rules.py's, and how full a cap is says caps.py."""

from datetime import datetime

from clarion.contract.channel import ChannelKey
from clarion.records.preferences.terms import Asked, DigestWish, Listed, QuietTimes, Wishes

_PERSON = "switched off by the person"
_CATEGORY = "off by default in this category"
_DEPLOYMENT = "off by default in this deployment"


def listed_words(listed: Listed) -> str:
    """How long the address stands on the suppression list."""
    return f"until {listed.until:%Y-%m-%d %H:%M} UTC" if listed.until else f"the {listed.channel} address, for good"


def expired_words(asked: Asked) -> str:
    """When it was not worth sending any more."""
    return f"at {asked.expires_at:%Y-%m-%d %H:%M:%S} UTC"


def consent_words(wishes: Wishes, purpose: str) -> str:
    """Of which purpose, and whether it ever was given."""
    return f"{purpose}: {'withdrawn or refused' if wishes.consents.get(purpose) is False else 'never given'}"


def global_words(wishes: Wishes) -> str:
    """Who switched everything off."""
    return f"all notifications {_DEPLOYMENT if wishes.notifications_enabled is None else _PERSON}"


def marketing_words(wishes: Wishes) -> str:
    """Who switched marketing off."""
    return f"marketing {_DEPLOYMENT if wishes.marketing_enabled is None else _PERSON}"


def channel_words(wishes: Wishes, asked: Asked) -> str:
    """Who switched the channel off."""
    if wishes.channels.get(asked.channel) is not None:
        return f"{asked.channel} {_PERSON}"
    if asked.marketing and asked.channel is ChannelKey.SMS:
        return "sms never switched on for marketing by the person"
    return f"{asked.channel} {_DEPLOYMENT if asked.policy.channels.get(asked.channel) is None else _CATEGORY}"


def category_words(wishes: Wishes, asked: Asked) -> str:
    """Who switched the category off, or the channel within it."""
    if wishes.category_enabled is False:
        return f"the category {_PERSON}"
    if wishes.category_channels.get(asked.channel) is False:
        return f"{asked.channel} in this category {_PERSON}"
    return "the category off by default"


def template_words() -> str:
    """Templates have no default but on."""
    return f"the template {_PERSON}"


def quiet_words(quiet: QuietTimes, now: datetime, zone: str) -> str:
    """Which quiet hours, on whose clock."""
    return f"{quiet.span_at(now, zone)} {zone}".strip()


def digest_words(digest: DigestWish) -> str:
    """What the person chose."""
    return f"the person chose {digest.frequency}"
