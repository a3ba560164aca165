"""What a category and the deployment say about a notification, as the rules want it. Pure but for the settings."""

from collections.abc import Mapping
from functools import lru_cache

from django.conf import settings

from clarion.records.categories.catalog import CategoryFacts
from clarion.records.categories.policy import Cap, QuietPolicy
from clarion.records.preferences.rules import Policy


def policy_of(category: CategoryFacts) -> Policy:
    """The policy for a category's notifications now."""
    return _policy(
        category.default_enabled,
        tuple(category.channel_defaults.items()),
        category.quiet_policy,
        category.digestible,
        category.cap,
        settings.PREFERENCES_OFF,
        settings.USER_CAP,
        settings.CONSENT_REQUIRED,
        settings.DIGEST_CHANNELS,
    )


@lru_cache(maxsize=4_096)
def _policy(
    enabled: bool,
    channels: tuple[tuple[str, bool], ...],
    quiet: QuietPolicy,
    digestible: bool,
    category_cap: Cap,
    off: frozenset[str],
    cap: Cap,
    consent: frozenset[str],
    digests: frozenset[str],
) -> Policy:
    defaults: Mapping[str, bool] = dict(channels)
    return Policy(
        enabled=enabled,
        channels=defaults,
        off=off,
        quiet=quiet,
        digestible=digestible,
        cap=cap,
        category_cap=category_cap,
        needs_consent=consent,
        digest_channels=digests,
    )
