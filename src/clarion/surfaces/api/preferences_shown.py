"""Preferences as they are answered: the contract's shape, what is set beside what it comes to, and from where."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.records.categories.catalog import GENERAL, CategoryFacts, catalog
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences import inheritance, store
from clarion.records.preferences.inheritance import Effective
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.quiet_hours import USUAL_END, USUAL_START
from clarion.records.preferences.rules import Wishes
from clarion.records.preferences.store import Standing, Switches
from clarion.records.templating.models import Template
from clarion.surfaces.api.preferences_body import CategorySwitches, GlobalSwitches

MOST_SHOWN = 100


class EffectiveOut(msgspec.Struct, frozen=True, kw_only=True):
    """A switch as it works. `from`: `set` by the person, by the `category`, the `deployment`, the `default`, or by
    `consent` that is there or not; `rule`: the rule that speaks."""

    value: bool
    origin: Literal["set", "category", "deployment", "default", "consent"] = msgspec.field(name="from")
    rule: str


class EffectivePreferences(msgspec.Struct, frozen=True, kw_only=True):
    """What it all comes to. A category's switches say whether an ordinary notification of it goes out on the channel.
    Categories with a setting come first, then by key; `left_out` of them are not shown: ask for them by `category`."""

    general: dict[str, EffectiveOut] = msgspec.field(name="global")
    categories: dict[str, dict[str, EffectiveOut]]
    left_out: int


class SetPreferences(msgspec.Struct, frozen=True, kw_only=True):
    """Only what the person set."""

    general: dict[str, Any] = msgspec.field(name="global")
    categories: dict[str, CategorySwitches]
    templates: dict[str, bool]


class PreferencesOut(msgspec.Struct, frozen=True, kw_only=True):
    """`global`: every general switch as it works, defaults filled in; `categories` and `templates`: what is set;
    `set`: only what the person set; `effective`: what it comes to, and from where. `version` counts the changes."""

    general: GlobalSwitches = msgspec.field(name="global")
    categories: dict[str, CategorySwitches]
    templates: dict[str, bool]
    chosen: SetPreferences = msgspec.field(name="set")
    effective: EffectivePreferences
    timezone: str
    version: int


def shown(user_id: UUID, wanted: Sequence[str] = ()) -> PreferencesOut | None:
    """The person's preferences; None when they are gone. `wanted`: keys of categories to show as they work."""
    standing = store.read(user_id)
    chosen, left_out = _categories(standing, wanted)
    person = facts.load([user_id], [one.id for one in chosen]).get(user_id)
    if person is None:
        return None
    categories = {key: _category(one) for key, one in standing.wishes.categories.items()}
    paths = _paths(standing.wishes.general.templates)
    return PreferencesOut(
        general=_general(standing.wishes.general, person),
        categories=categories,
        templates=paths,
        chosen=SetPreferences(general=_set(standing.wishes.general), categories=categories, templates=paths),
        effective=EffectivePreferences(
            general={name: _out(one) for name, one in _effective(person).items()},
            categories={one.key: _in_category(one, person) for one in chosen},
            left_out=left_out,
        ),
        timezone=person.timezone,
        version=standing.version,
    )


def _categories(standing: Standing, wanted: Sequence[str]) -> tuple[list[CategoryFacts], int]:
    every = catalog.all()
    if wanted:
        chosen = [one for one in every if one.key in set(wanted)]
        return chosen[:MOST_SHOWN], 0
    own = standing.wishes.categories
    ordered = sorted(every, key=lambda one: one.key not in own)
    return ordered[:MOST_SHOWN], max(0, len(ordered) - MOST_SHOWN)


def _category(one: Switches) -> CategorySwitches:
    fields: dict[str, Any] = {f"{channel}_enabled": on for channel, on in one.channels.items()}
    if isinstance(one.enabled, bool):
        fields["enabled"] = one.enabled
    if isinstance(one.digest, dict):
        fields["digest_frequency"] = one.digest.get("frequency", UNSET)
    return CategorySwitches(**fields)


def _paths(by_id: Any) -> dict[str, bool]:
    """Switches by template path; those of templates that are gone are not shown."""
    if not by_id:
        return {}
    found = Template.objects.filter(pk__in=list(by_id)).values_list("id", "path")
    return {path: by_id[str(identifier)] for identifier, path in sorted(found, key=lambda row: row[1])}


def _set(own: Switches) -> dict[str, Any]:
    values: dict[str, Any] = {
        "notifications_enabled": own.enabled,
        "marketing_enabled": own.marketing,
        **{f"{channel}_enabled": on for channel, on in own.channels.items()},
        **_quiet_fields(own.quiet_hours),
        **_digest_fields(own.digest),
        "max_per_day": own.max_per_day,
        "data_processing_consent": own.processing,
    }
    return {name: value for name, value in values.items() if value is not None}


def _quiet_fields(stored: Any) -> dict[str, Any]:
    return {f"quiet_hours_{name}": value for name, value in stored.items()} if stored else {}


def _digest_fields(stored: Any) -> dict[str, Any]:
    names = {"frequency": "digest_frequency", "at": "digest_time", "weekday": "digest_weekday"}
    return {names[name]: value for name, value in stored.items() if name in names} if stored else {}


def _general(own: Switches, person: PersonFacts) -> GlobalSwitches:
    usual = {
        "quiet_hours_enabled": False,
        "quiet_hours_start": USUAL_START,
        "quiet_hours_end": USUAL_END,
        "quiet_hours_days": {},
        "digest_frequency": "immediate",
        "digest_time": "08:00",
        "digest_weekday": "monday",
        "max_per_day": None,
    }
    switches = {name: one.value for name, one in _effective(person).items()}
    fields = {**usual, **_set(own), **switches}
    return msgspec.convert(fields, GlobalSwitches)


def _effective(person: PersonFacts) -> dict[str, Effective]:
    wishes, policy = person.wishes[0], policy_of(_usual())
    return {
        "notifications_enabled": inheritance.notifications(wishes, policy),
        "marketing_enabled": inheritance.marketing(wishes, policy),
        "data_processing_consent": inheritance.processing(wishes, policy),
        **{f"{key}_enabled": inheritance.channel(wishes, key, policy) for key in ChannelKey},
    }


def _usual() -> CategoryFacts:
    """A category that says nothing of its own, for the general switches."""
    return CategoryFacts(id=0, key=GENERAL, marketing=False, essential=False, default_priority=3, default_channels=())


def _in_category(one: CategoryFacts, person: PersonFacts) -> dict[str, EffectiveOut]:
    wishes: Wishes = person.wishes_for(one.id)
    policy = policy_of(one)
    found = {
        f"{key}_enabled": inheritance.in_category(
            wishes, key, policy, is_marketing=one.marketing, essential=one.essential
        )
        for key in ChannelKey
    }
    return {name: _out(value) for name, value in found.items()}


def _out(one: Effective) -> EffectiveOut:
    return EffectiveOut(value=one.value, origin=one.origin.value, rule=one.rule)


def etag(version: int) -> str:
    """The version as an entity tag."""
    return f'"{version}"'


def expected_version(header: str | None) -> int | UnsetType | None:
    """The version that `If-Match` names; None: any; UNSET: none that was ever given."""
    if header is None or header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else UNSET
