"""Translations: what was made from which default, and what is missing or has been left behind. Counts no people
(translation_reports.py) and stops nothing (gate.py).

A translation is stale, field by field, when the default's field has changed since somebody last wrote the translated
one. Whoever looked and found it right as it stands says so by saving with the locale in `reviewed`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from django.conf import settings

from clarion.contract.channel import ChannelKey
from clarion.records.templating.draft import Content, Draft
from clarion.records.templating.locales import DEFAULT, chain
from clarion.records.templating.models import TemplateContent, TemplateVersion

Made = Mapping[tuple[str, str], Mapping[str, str]]
"""(channel, locale) → field → digest of the default's field it was made from."""
NEUTRAL = frozenset({"link", "image", "collapse", "event"})
"""Fields without words for people."""
_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|<style\b.*?</style\s*>|<[^>]*>|&\w+;", re.DOTALL | re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")


class Completeness(StrEnum):
    """`missing`: nothing in this language; `partial`: fields fall back to the default; `stale`: all there, but some of
    it was made from an earlier default."""

    COMPLETE = "complete"
    STALE = "stale"
    PARTIAL = "partial"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelState:
    """One channel in one wanted locale."""

    channel: ChannelKey
    state: Completeness
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocaleState:
    """A wanted locale over all channels; its state is that of its worst channel."""

    locale: str
    state: Completeness
    channels: tuple[ChannelState, ...]


def digest(text: str) -> str:
    """What a field says, whatever its white space."""
    return sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def made_from(draft: Draft, previous: TemplateVersion | None) -> Made:
    """For each translation of the draft, the default it was made from: the present one where the words are new or
    reviewed, else the one it was made from before."""
    before = {(row.channel, row.locale): row for row in previous.contents.all()} if previous else {}
    found: dict[tuple[str, str], dict[str, str]] = {}
    for key, locales in draft.content.items():
        source = locales.get(DEFAULT, {})
        old_source = before.get((key, DEFAULT))
        for locale, fields in locales.items():
            if locale != DEFAULT:
                old = None if locale in draft.reviewed else before.get((key, locale))
                found[(key, locale)] = _made(fields, source, old, old_source.fields if old_source else {})
    return found


def _made(
    fields: Mapping[str, str], source: Mapping[str, str], old: TemplateContent | None, old_source: Mapping[str, str]
) -> dict[str, str]:
    made = {}
    for name, text in fields.items():
        if name not in source:
            continue
        if old is not None and old.fields.get(name) == text:
            # a row from before translations were followed: it is taken for one of the default beside it
            was = (old.made_from or {}).get(name) or digest(old_source.get(name, source[name]))
            made[name] = was
        else:
            made[name] = digest(source[name])
    return made


def stored(rows: Iterable[TemplateContent]) -> Made:
    """What stored contents were made from; those from before it was followed are left out."""
    return {(row.channel, row.locale): row.made_from for row in rows if row.made_from is not None}


def wanted_locales(own: Sequence[str]) -> tuple[str, ...]:
    """The locales a template is wanted in: its own list, or the deployment's."""
    return tuple(own) or tuple(settings.TEMPLATE_LOCALES)


def states(content: Content, made: Made, wanted: Sequence[str]) -> list[LocaleState]:
    """Each wanted locale over the channels that have words in the default."""
    found = []
    spoken = [key for key, locales in content.items() if words_of(locales.get(DEFAULT, {}))]
    for locale in wanted:
        # what is wanted in the language of the default has its words there
        keys = [] if settings.DEFAULT_LOCALE in chain(locale) else spoken
        channels = tuple(_channel_state(key, content[key], made, locale) for key in keys)
        order = list(Completeness)
        worst = max((each.state for each in channels), key=order.index, default=Completeness.COMPLETE)
        found.append(LocaleState(locale=locale, state=worst, channels=channels))
    return found


def share_complete(found: Sequence[LocaleState]) -> int:
    """Percent of the locales that are complete, rounded down; 100 when none is wanted."""
    complete = sum(each.state is Completeness.COMPLETE for each in found)
    return complete * 100 // len(found) if found else 100


def words_of(source: Mapping[str, str]) -> list[str]:
    """The fields that hold something to translate."""
    return [name for name, text in source.items() if name not in NEUTRAL and _LETTER.search(_CODE.sub(" ", text))]


def _channel_state(key: ChannelKey, locales: Mapping[str, Mapping[str, str]], made: Made, locale: str) -> ChannelState:
    source = locales[DEFAULT]
    nearest = [each for each in chain(locale) if each != DEFAULT and each in locales]
    missing, stale = [], []
    for name in words_of(source):
        holder = next((each for each in nearest if name in locales[each]), None)
        if holder is None:
            missing.append(name)
        elif made.get((key, holder), {}).get(name, digest(source[name])) != digest(source[name]):
            stale.append(name)
    state = Completeness.COMPLETE
    if not nearest:
        state = Completeness.MISSING
    elif missing:
        state = Completeness.PARTIAL
    elif stale:
        state = Completeness.STALE
    return ChannelState(channel=key, state=state, missing=tuple(missing), stale=tuple(stale))
