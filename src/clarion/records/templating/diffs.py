"""What differs between two versions: settings by name, texts field by field as unified diffs. Pure but for `rendered`,
which renders both with the newer one's sample, in child processes."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.records.templating.draft import Content, Draft
from clarion.records.templating.locales import resolve
from clarion.records.templating.preview import render_preview
from clarion.records.templating.versions import settings_of

CONTEXT_LINES = 3
MOST_LINES = 4_000
"""Of one field on one side; difflib takes time by the square of what differs."""
MOST_PLACES = 60


Place = tuple[ChannelKey, str, str]


class Change(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """A setting of the template with its value before and after."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A field of a channel in a locale; `diff` is a unified diff without its header."""

    channel: ChannelKey
    locale: str
    field: str
    change: Change
    diff: str


def changed_settings(before: Draft, after: Draft) -> list[SettingChange]:
    """The settings that differ."""
    old, new = settings_of(before), settings_of(after)
    return [SettingChange(name=name, before=old[name], after=new[name]) for name in old if old[name] != new[name]]


def changed_fields(before: Content, after: Content) -> list[FieldChange]:
    """The fields that differ, as somebody wrote them, in the order of channel, locale and field."""
    old, new = _flat(before), _flat(after)
    return _compared(old, new)


def rendered_changes(before: Draft, after: Draft) -> list[FieldChange]:
    """The rendered fields that differ with `after`'s sample (or else `before`'s), in every place that either has; the
    first 60 places. A place that cannot be rendered shows its fault in place of the text."""
    sample = after.sample or before.sample
    places = sorted({(key, locale) for each in (before, after) for key, of in each.content.items() for locale in of})
    old: dict[Place, str] = {}
    new: dict[Place, str] = {}
    for key, locale in places[:MOST_PLACES]:
        old |= _rendered(before, key, locale, sample)
        new |= _rendered(after, key, locale, sample)
    return _compared(old, new)


def _compared(old: Mapping[Place, str], new: Mapping[Place, str]) -> list[FieldChange]:
    places = sorted(old.keys() | new.keys())
    return [_change(each, old.get(each), new.get(each)) for each in places if old.get(each) != new.get(each)]


def _flat(content: Content) -> dict[Place, str]:
    return {
        (key, locale, name): text
        for key, locales in content.items()
        for locale, fields in locales.items()
        for name, text in fields.items()
    }


def _rendered(draft: Draft, key: ChannelKey, locale: str, sample: Mapping[str, Any]) -> dict[Place, str]:
    fields = resolve(draft.content.get(key, {}), locale)
    if fields is None:
        return {}
    made = render_preview(key, fields, sample, locale=locale, theme=draft.theme)
    if made.faults:
        return {(key, locale, fault.field): f"[{fault.code}: {fault.message}]" for fault in made.faults}
    return {(key, locale, name): text for name, text in made.fields.items()}


def _change(place: Place, before: str | None, after: str | None) -> FieldChange:
    change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
    key, locale, name = place
    diff = "\n".join(_lines(before or "", after or ""))
    return FieldChange(channel=key, locale=locale, field=name, change=change, diff=diff)


def _lines(before: str, after: str) -> Iterator[str]:
    old, new = before.splitlines(), after.splitlines()
    if max(len(old), len(new)) > MOST_LINES:
        yield f"@@ {len(old)} lines became {len(new)}: too many to compare @@"
        return
    told = difflib.unified_diff(old, new, n=CONTEXT_LINES, lineterm="")
    yield from (line for at, line in enumerate(told) if at >= 2)  # without the two lines that name files
