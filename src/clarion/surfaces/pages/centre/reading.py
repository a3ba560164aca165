"""What came back from the form: only what the person changed, checked field by field, as wishes to save.

The form carries the values that it showed. So a box that was not touched is never written, whatever became of its
default meanwhile, and nothing that was changed elsewhere in the meantime is undone unseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.centre.saving import Wanted
from clarion.records.people.directory import checked_locale, checked_timezone
from clarion.records.preferences.digest_choice import Frequency
from clarion.records.preferences.quiet_hours import WEEKDAYS, checked_quiet_hours, clock_time
from clarion.records.preferences.wished import Forget, Preferences, Switches
from clarion.surfaces.pages.centre.person import Person, Subject
from clarion.surfaces.pages.centre.values import LANGUAGES, ON, Values

DAY_KINDS = ("usual", "own", "all", "none")
MOST_A_DAY = 1_000
LONGEST = 100
LONGEST_FORM = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The fields that the person changed, of those that the form showed, and the version it showed."""

    changed: Values
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What to save; `faults`: field → code of what is wrong with it (then nothing is to be saved)."""

    wanted: Wanted
    faults: Mapping[str, str]


def posted(fields: Mapping[str, Any]) -> Posted | None:
    """What was changed; None: the form did not arrive complete."""
    shown, version = str(fields.get("shown", "")), str(fields.get("version", ""))
    if len(shown) > LONGEST_FORM or not (version.isascii() and version.isdigit() and len(version) < 10):
        return None
    try:
        before = msgspec.json.decode(shown, type=dict[str, str])
    except msgspec.DecodeError:
        return None
    if fields.get("complete") != ON:
        return None
    now = {name: str(fields.get(name, ""))[:LONGEST] for name in before}
    return Posted(changed={name: now[name] for name in before if now[name] != before[name]}, version=int(version))


def read(given: Posted, values: Values, person: Person) -> Read:
    """The changes, laid over the values as they stand, as wishes. Names that no form of this person has are passed
    over."""
    changed = {name: value for name, value in given.changed.items() if name in values}
    reading = _Reading(changed=changed, values={**values, **changed}, faults={})
    general = Switches(
        enabled=reading.switch("on"),
        marketing=reading.switch("marketing"),
        channels={key: changed[f"channel.{key}"] == ON for key in person.reached if f"channel.{key}" in changed},
        quiet_hours=reading.quiet(person.standing.wishes.general.quiet_hours),
        digest=reading.digest(),
        max_per_day=reading.most(),
        processing=reading.switch("processing"),
    )
    categories = {subject.facts.key: own for subject in person.subjects if (own := reading.subject(subject, person))}
    wanted = Wanted(
        wishes=Preferences(general=general, categories=categories),
        version=given.version,
        locale=reading.locale(),
        timezone=reading.zone(),
    )
    return Read(wanted=wanted, faults=reading.faults)


@dataclass(slots=True)
class _Reading:
    """Field by field; what is wrong is noted, and the rest is read all the same."""

    changed: Values
    values: Values
    faults: dict[str, str]

    def switch(self, name: str) -> bool | None:
        return self.changed[name] == ON if name in self.changed else None

    def choice(self, name: str, among: tuple[str, ...]) -> str | None:
        """What was chosen; None: it stays."""
        value = self.changed.get(name)
        if value is None or value in among:
            return value
        self.faults[name] = "invalid_choice"
        return None

    def time(self, name: str) -> str | None:
        """A time; of one that the browser sent with seconds, hours and minutes."""
        value = self.values[name].strip()
        try:
            clock_time(value, "")
        except InputError as error:
            self.faults[name] = error.code
            return None
        return value[:5]

    def quiet(self, before: Any) -> dict[str, Any] | None:
        """All fields of quiet hours that changed; with a day's, all days."""
        names = [name for name in self.changed if name == "quiet" or name.startswith("quiet.")]
        if not names:
            return None
        found: dict[str, Any] = {"enabled": self.values["quiet"] == ON}
        for name, key in (("quiet.begin", "start"), ("quiet.end", "end")):
            if name in self.changed:
                found[key] = self.time(name)
        if any(name.split(".")[1] in WEEKDAYS for name in names if "." in name):
            found["days"] = {day: span for day in WEEKDAYS if (span := self._day(day)) != "usual"}
        if not any(name.startswith("quiet") for name in self.faults):
            self._check_quiet(found, before)
        return found

    def _day(self, day: str) -> dict[str, str] | str | None:
        kind = self.values[f"quiet.{day}"]
        typed = any(self.changed.get(f"quiet.{day}.{end}") for end in ("begin", "end"))
        if typed and f"quiet.{day}" not in self.changed:
            # times of its own, though the choice beside them was left as it was
            kind = "own"
        match kind:
            case "none":
                return None
            case "all":
                return {"start": "00:00", "end": "24:00"}
            case "own":
                begin, end = self.time(f"quiet.{day}.begin"), self.time(f"quiet.{day}.end")
                return {"start": begin or "", "end": end or ""}
        if kind != "usual":
            self.faults[f"quiet.{day}"] = "invalid_choice"
        return "usual"

    def _check_quiet(self, found: Mapping[str, Any], before: Any) -> None:
        try:
            checked_quiet_hours(found, before, "quiet.")
        except InputError as error:
            self.faults[_quiet_field(error.pointer)] = error.code

    def digest(self) -> dict[str, str] | None:
        found = {
            "frequency": self.choice("digest", tuple(Frequency)),
            "at": self.time("digest.at") if "digest.at" in self.changed else None,
            "weekday": self.choice("digest.weekday", WEEKDAYS),
        }
        return {name: value for name, value in found.items() if value is not None} or None

    def most(self) -> int | Forget | None:
        if "most" not in self.changed:
            return None
        text = self.changed["most"].strip()
        if not text:
            return Forget.FORGET
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MOST_A_DAY):
            self.faults["most"] = "invalid_number"
            return None
        return int(text)

    def zone(self) -> str:
        value = self.changed.get("zone", "")
        try:
            return checked_timezone(value) if "zone" in self.changed else ""
        except InputError as error:
            self.faults["zone"] = error.code
            return ""

    def locale(self) -> str:
        value = self.changed.get("locale")
        if value is None:
            return ""
        if value not in LANGUAGES:
            self.faults["locale"] = "invalid_locale"
            return ""
        return checked_locale(value)

    def subject(self, subject: Subject, person: Person) -> Switches | None:
        """What was changed about one category; None: nothing."""
        start = f"about.{subject.facts.id}."
        channels = {key: self.changed[start + key] == ON for key in person.reached if start + key in self.changed}
        frequency = self.choice(f"{start}digest", ("", *Frequency))
        digest = None if frequency is None else {"frequency": frequency} if frequency else Forget.FORGET
        if not channels and digest is None:
            return None
        own = person.standing.wishes.categories.get(subject.facts.key)
        if own is not None and own.enabled is False and True in channels.values():
            # the category was off as a whole: it comes back on what was ticked, and on nothing else
            every = {str(key): False for key in ChannelKey} | {str(key): on for key, on in channels.items()}
            return Switches(enabled=True, channels=every, digest=digest)
        return Switches(channels={str(key): on for key, on in channels.items()}, digest=digest)


def _quiet_field(pointer: str) -> str:
    """`quiet.days/friday/end` is the field `quiet.friday.end`."""
    parts = pointer.removeprefix("quiet.").removeprefix("days/").split("/")
    named = ["begin" if part == "start" else part for part in parts]
    return "quiet" if named == ["days"] else ".".join(["quiet", *named])
