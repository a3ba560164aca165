"""What a person will get, in words: flows/centre/coming.py's outlook by day, in their language and zone."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time

from clarion.contract.channel import ChannelKey
from clarion.flows.centre.coming import MOST_COUNTED, Digest, Item, Outlook
from clarion.records.preferences.rules import Outcome
from clarion.surfaces.pages.centre.person import Person
from clarion.surfaces.pages.centre.words import CentreWords

TOLD_OF_APPS = (ChannelKey.WEBSOCKET, ChannelKey.WEBHOOK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that comes, or not (`off`)."""

    at: str
    name: str
    channel: str
    note: str
    off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Date:
    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookShown:
    dates: tuple[Date, ...]
    withheld: tuple[Line, ...]
    quiet_now: str
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells one person, in one language."""

    words: CentreWords
    locale: str
    zone: ZoneInfo
    names: dict[int, str]

    def tell(self, outlook: Outlook) -> OutlookShown:
        wanted = [item for item in outlook.items if item.channel not in TOLD_OF_APPS]
        placed = [(each.at, self._item(each)) for each in wanted]
        placed += [(each.at, self._digest(each)) for each in outlook.digests]
        dates: dict[str, list[Line]] = {}
        for at, line in sorted(placed, key=lambda pair: pair[0]):
            dates.setdefault(self._date(at), []).append(line)
        until = outlook.quiet_until
        return OutlookShown(
            dates=tuple(Date(label=label, lines=tuple(lines)) for label, lines in dates.items()),
            withheld=tuple(
                Line(
                    at=self._short(each.at),
                    name=self.names.get(each.category_id, "…"),
                    channel=self._channel(each.channel),
                    note=self.words.withheld_why[each.reason],
                )
                for each in outlook.withheld
            ),
            quiet_now=self.words.quiet_now.format(time=self._day_and_time(until)) if until else "",
            more=outlook.more,
        )

    def _item(self, item: Item) -> Line:
        off = item.outcome in (Outcome.SUPPRESS, Outcome.EXPIRE)
        return Line(
            at=self.time(item.at),
            name=self.names.get(item.category_id, "…"),
            channel=self._channel(item.channel),
            note=self._note(item),
            off=off,
        )

    def _note(self, item: Item) -> str:
        words = self.words
        match item.outcome:
            case Outcome.SUPPRESS:
                told = {**words.withheld_why, **words.why_not}
                return words.not_coming.format(why=told.get(item.reason, words.why_not["other"]))
            case Outcome.EXPIRE:
                return words.expires
            case Outcome.DIGEST:
                return words.in_digest
        return words.held if item.held or item.outcome is Outcome.HOLD else words.comes

    def _digest(self, digest: Digest) -> Line:
        count = f"{digest.count}+" if digest.count >= MOST_COUNTED else str(digest.count)
        told = self.words.digest_counts_one if digest.count == 1 else self.words.digest_counts.format(count=count)
        return Line(
            at=self.time(digest.at),
            name=self.words.digest_coming[digest.kind],
            channel=self._channel(digest.channel),
            note=told,
        )

    def _channel(self, key: str) -> str:
        return self.words.channel.get(key, key)

    def time(self, at: datetime) -> str:
        """Hours and minutes on their clock."""
        return str(format_time(at.astimezone(self.zone), "HH:mm", locale=self.locale))

    def _date(self, at: datetime) -> str:
        label = str(format_date(at.astimezone(self.zone).date(), "EEEE, d MMMM", locale=self.locale))
        return label[:1].upper() + label[1:]

    def _short(self, at: datetime) -> str:
        return str(format_datetime(at.astimezone(self.zone), "d MMM HH:mm", locale=self.locale))

    def _day_and_time(self, at: datetime) -> str:
        return str(format_datetime(at.astimezone(self.zone), "EEEE HH:mm", locale=self.locale))


def teller(person: Person, words: CentreWords, locale: str) -> Teller:
    """For this person."""
    return Teller(words=words, locale=locale, zone=ZoneInfo(person.facts.timezone), names=person.names)
