"""From the stored forms of what a person set to the values that the rules take. Loading them is people/facts.py's."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

import msgspec

from clarion.records.preferences.digest_choice import digest_choice_of
from clarion.records.preferences.quiet_hours import quiet_hours_of
from clarion.records.preferences.rules import UNUSED, Listed, Used, Wishes

Text = str | None
ALIKE = 16_384


@lru_cache(maxsize=ALIKE)
def wishes(
    enabled: bool | None,
    marketing: bool | None,
    channels: Text,
    categories: Text,
    listed: tuple[Listed, ...],
    zone: str,
    quiet: Text,
    digest: Text,
    consents: Text,
    templates: Text,
    max_per_day: int | None,
) -> Mapping[int, Wishes]:
    """By category id; key 0: the general ones. The arguments are the columns as they come, JSON as text: equal columns
    give the same object, and since nothing but the columns goes in, what is remembered is never stale."""
    usual_digest = _json(digest)
    general = Wishes(
        notifications_enabled=enabled,
        marketing_enabled=marketing,
        channels=_json(channels) or {},
        templates=_json(templates) or {},
        listed=listed,
        consents=_json(consents) or {},
        zone=zone,
        quiet=quiet_hours_of(_json(quiet)),
        digest=digest_choice_of(usual_digest),
        max_per_day=max_per_day or 0,
    )
    found = {0: general}
    for key, (switched, own_channels, own_digest) in (_json(categories) or {}).items():
        found[int(key)] = replace(
            general,
            category_enabled=switched,
            category_channels=own_channels or {},
            digest=digest_choice_of(usual_digest, own_digest),
        )
    return found


def _json(value: Text) -> Any:
    return msgspec.json.decode(value) if value else None


def with_used(found: Mapping[int, Wishes], used: Mapping[int, Used]) -> Mapping[int, Wishes]:
    """The wishes with what was counted, by category id; key 0: over all."""
    every = used.get(0, UNUSED)
    keys = {*found, *used}
    return {
        key: replace(found.get(key) or found[0], used=every, category_used=used.get(key, UNUSED) if key else UNUSED)
        for key in keys
    }
