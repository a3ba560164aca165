"""The form's values as they stand: field name → text, the same names that the browser posts, and none that the page has
no field for, or it would read as switched off. A switch that is on is `1`, one that is off empty. Reading what came
back is reading.py's.

A category's boxes are what the gate would say with all general switches on, so a box and what is above it are apart.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.records.preferences import inheritance
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.quiet_hours import USUAL_END, USUAL_START, WEEKDAYS
from clarion.records.preferences.rules import PROCESSING, Wishes
from clarion.surfaces.pages.centre.person import Person, Subject, general_policy

Values = dict[str, str]
ON = "1"
LANGUAGES = ("en", "sw", "fr")
DIGEST_AT, DIGEST_WEEKDAY = "08:00", "monday"


def standing(person: Person) -> Values:
    """All of them, for this person and this page of categories."""
    own = person.standing.wishes.general
    values = {**_switches(person), **_quiet(own.quiet_hours), **_digest(own.digest)}
    values["most"] = str(own.max_per_day or "")
    values["zone"] = person.facts.timezone
    values["locale"] = chosen_locale(person.facts.locale)
    for subject in person.subjects:
        values |= _subject(subject, person)
    return values


def chosen_locale(locale: str) -> str:
    """Of the languages that can be chosen, the person's; else the locale as it is."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else locale


def _switch(on: bool) -> str:
    return ON if on else ""


def _switches(person: Person) -> Values:
    wishes, policy = person.facts.wishes[0], general_policy()
    channels = {f"channel.{key}": _switch(inheritance.channel(wishes, key, policy).value) for key in person.reached}
    values = {
        "on": _switch(inheritance.notifications(wishes, policy).value),
        "marketing": _switch(inheritance.marketing(wishes, policy).value),
        **channels,
    }
    if PROCESSING in policy.needs_consent or PROCESSING in wishes.consents:
        values["processing"] = _switch(inheritance.processing(wishes, policy).value)
    return values


def _quiet(stored: Any) -> Values:
    kept: Mapping[str, Any] = stored or {}
    days: Mapping[str, Any] = kept.get("days") or {}
    values = {
        "quiet": _switch(bool(kept.get("enabled"))),
        "quiet.begin": _shown(kept.get("start", USUAL_START)),
        "quiet.end": _shown(kept.get("end", USUAL_END)),
    }
    for name in WEEKDAYS:
        span = days.get(name)
        values[f"quiet.{name}"] = _kind(span) if name in days else "usual"
        own = span if span and values[f"quiet.{name}"] == "own" else {}
        values[f"quiet.{name}.begin"] = _shown(own.get("start", ""))
        values[f"quiet.{name}.end"] = _shown(own.get("end", ""))
    return values


def _kind(span: Mapping[str, str] | None) -> str:
    if span is None:
        return "none"
    return "all" if (_clock(span["start"]), _clock(span["end"])) == ("00:00", "24:00") else "own"


def _clock(text: str) -> str:
    return text[:5]


def _shown(text: str) -> str:
    """As a field for times takes it; the end of a day is the next one's beginning."""
    return _clock(text).replace("24:00", "00:00")


def _digest(stored: Any) -> Values:
    kept: Mapping[str, str] = stored or {}
    return {
        "digest": kept.get("frequency", "immediate"),
        "digest.at": _clock(kept.get("at", DIGEST_AT)),
        "digest.weekday": kept.get("weekday", DIGEST_WEEKDAY),
    }


def _subject(subject: Subject, person: Person) -> Values:
    """An essential category has nothing to choose."""
    one = subject.facts
    if one.essential:
        return {}
    wishes = open_above(person.facts.wishes_for(one.id))
    values = {f"about.{one.id}.{key}": _switch(box(wishes, key, subject)) for key in person.reached}
    if one.digestible:
        own = person.standing.wishes.categories.get(one.key)
        digest = own.digest if own is not None and isinstance(own.digest, Mapping) else {}
        values[f"about.{one.id}.digest"] = digest.get("frequency", "")
    return values


def open_above(wishes: Wishes) -> Wishes:
    """The wishes with everything on that is above the categories, where a person said off."""
    return replace(
        wishes,
        notifications_enabled=True,
        marketing_enabled=True,
        channels={key: on for key, on in wishes.channels.items() if on},
        consents={"marketing": True, "processing": True},
    )


def box(wishes: Wishes, key: ChannelKey, subject: Subject) -> bool:
    """Whether the category comes on this channel, by wishes that are open above."""
    one = subject.facts
    return inheritance.in_category(wishes, key, policy_of(one), is_marketing=one.marketing, essential=False).value
