"""The form as the template takes it: fields with their texts, values and faults. No markup here."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import available_timezones

from babel import Locale, UnknownLocaleError
from babel.dates import get_day_names

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.preferences.digest_choice import Frequency
from clarion.records.preferences.quiet_hours import WEEKDAYS
from clarion.surfaces.pages.centre.person import CHANNELS, Person, Subject, general_policy
from clarion.surfaces.pages.centre.reading import DAY_KINDS
from clarion.surfaces.pages.centre.values import ON, Values
from clarion.surfaces.pages.centre.words import LANGUAGES, CentreWords

REGIONS = ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
_LISTED = {
    Reason.HARD_BOUNCED: "bounced",
    Reason.SOFT_BOUNCED: "bounced",
    Reason.COMPLAINED: "complained",
    Reason.UNSUBSCRIBED: "unsubscribed",
    Reason.STOPPED: "stopped",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`id` is its name, as an element may have it; `fault` says what is wrong; `note` stands beside the label."""

    name: str
    id: str
    label: str
    value: str
    hint: str = ""
    note: str = ""
    fault: str = ""
    options: tuple[Option, ...] = ()

    @property
    def on(self) -> bool:
        return self.value == ON


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectShown:
    """A category: its boxes, and what keeps it away (or here) whatever they say."""

    id: str
    name: str
    description: str
    essential: bool
    marketing: bool
    note: str
    boxes: tuple[Field, ...]
    digest: Field | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the week in quiet hours."""

    label: str
    kind: Field
    begin: Field
    end: Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Makes fields out of the values, the faults and a language."""

    words: CentreWords
    locale: str
    values: Values
    faults: Mapping[str, str]

    def field(
        self, name: str, label: str, *, hint: str = "", note: str = "", options: tuple[Option, ...] = ()
    ) -> Field:
        code = self.faults.get(name, "")
        errors = self.words.errors
        return Field(
            name=name,
            id="f-" + name.replace(".", "-"),
            label=label,
            value=self.values[name],
            hint=hint,
            note=note,
            fault=errors.get(code, errors["other"]) if code else "",
            options=options,
        )

    def general(self) -> list[Field]:
        """The switches over everything; that over the processing of data only where it was asked about."""
        words = self.words
        found = [
            self.field("on", words.all_on, hint=words.all_on_help),
            self.field("marketing", words.marketing, hint=words.marketing_help),
        ]
        if "processing" in self.values:
            found.append(self.field("processing", words.processing, hint=words.processing_help))
        return found

    def channels(self, person: Person) -> list[Field]:
        """The ways that lead to the person, each with what is known to stand in it."""
        listed = {each.channel: each.reason for each in person.facts.wishes[0].listed}
        found = []
        for key in person.reached:
            note = self.words.listed[_LISTED.get(listed[key], "blocked")] if key in listed else ""
            hint = self.words.channel_help[key]
            found.append(self.field(f"channel.{key}", self.words.channel[key], hint=hint, note=note))
        return found

    def unreachable(self, person: Person) -> list[Option]:
        """The other ways, and why they do not lead to them."""
        gone = [key for key in CHANNELS if key not in person.reached]
        return [Option(value=self.words.no_address[key], label=self.words.channel[key]) for key in gone]

    def subjects(self, person: Person) -> list[SubjectShown]:
        return [self._subject(subject, person) for subject in person.subjects]

    def _subject(self, subject: Subject, person: Person) -> SubjectShown:
        one = subject.facts
        name = f"about.{one.id}."
        digest = None
        if f"{name}digest" in self.values:
            options = (Option(value="", label=self.words.as_above), *self.frequencies())
            digest = self.field(f"{name}digest", self.words.how_often, options=options)
        return SubjectShown(
            id=f"about-{one.id}",
            name=subject.name,
            description=subject.description,
            essential=one.essential,
            marketing=one.marketing,
            note=self._note(subject),
            boxes=tuple(self._box(f"{name}{key}", key) for key in person.reached if f"{name}{key}" in self.values),
            digest=digest,
        )

    def _box(self, name: str, key: ChannelKey) -> Field:
        off = self.values[f"channel.{key}"] != ON
        return self.field(name, self.words.channel[key], note=self.words.off_above if off else "")

    def _note(self, subject: Subject) -> str:
        if subject.facts.essential:
            return self.words.always_on_why
        if subject.facts.marketing and self.values["marketing"] != ON:
            return self.words.marketing_off
        return "" if self.values["on"] == ON else self.words.all_off

    def frequencies(self) -> tuple[Option, ...]:
        return tuple(Option(value=one, label=self.words.frequency[one]) for one in Frequency)

    def quiet(self) -> list[Field]:
        """From and until."""
        words = self.words
        return [self.field("quiet.begin", words.begin), self.field("quiet.end", words.end, hint=words.end_help)]

    def days(self) -> list[Day]:
        kinds = tuple(Option(value=kind, label=self.words.day_choice[kind]) for kind in DAY_KINDS)
        found = []
        for number, name in enumerate(WEEKDAYS):
            label = weekday(number, self.locale)
            found.append(
                Day(
                    label=label,
                    kind=self.field(f"quiet.{name}", label, options=kinds),
                    begin=self.field(f"quiet.{name}.begin", f"{label}: {self.words.begin}"),
                    end=self.field(f"quiet.{name}.end", f"{label}: {self.words.end}"),
                )
            )
        return found

    def digest(self) -> list[Field]:
        channels = [key for key in CHANNELS if key in general_policy().digest_channels]
        collected = ", ".join(self.words.channel[key] for key in channels)
        days = tuple(Option(value=name, label=weekday(at, self.locale)) for at, name in enumerate(WEEKDAYS))
        return [
            self.field("digest", self.words.digest_help.format(channels=collected), options=self.frequencies()),
            self.field("digest.weekday", self.words.digest_weekday, options=days),
        ]

    def language(self) -> Field:
        """The shipped languages, and the person's own where it is another."""
        options = [Option(value=key, label=name) for key, name in LANGUAGES.items()]
        if self.values["locale"] not in LANGUAGES:
            options.append(Option(value=self.values["locale"], label=_named(self.values["locale"])))
        words = self.words
        return self.field("locale", words.own_language, hint=words.own_language_help, options=tuple(options))


def weekday(number: int, locale: str) -> str:
    """Monday is 0; with a capital, as at the beginning of a line."""
    name: str = get_day_names("wide", "stand-alone", locale)[number]
    return name[:1].upper() + name[1:]


def _named(locale: str) -> str:
    try:
        return Locale.parse(locale.replace("-", "_")).get_display_name() or locale
    except (ValueError, UnknownLocaleError):
        return locale


@lru_cache(maxsize=1)
def zones() -> tuple[tuple[str, tuple[Option, ...]], ...]:
    """Region → its zones, without the old names that have none."""
    every = sorted(available_timezones())
    groups: list[tuple[str, tuple[Option, ...]]] = [("UTC", (Option(value="UTC", label="UTC"),))]
    for region in REGIONS:
        own = [name for name in every if name.startswith(f"{region}/")]
        groups.append((region, tuple(Option(value=name, label=_place(name)) for name in own)))
    return tuple(groups)


def _place(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", ", ")
