"""A person's quiet hours: spans on the clock of their own zone, one that begins on each day of the week. Pure.

A span begins at the first instant at which the person's clock shows its start (or, where clocks were put forward over
it, a later time) and ends once the clock shows its end for good: of a time that is shown twice it begins at the first
and ends at the second. So while the clock shows a quiet time it is quiet, and every span begins and ends once; one that
the clocks skip as a whole is not there. What becomes of notifications meanwhile is rules.py's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import msgspec

from clarion.contract.input_error import InputError
from clarion.records.local_time import DAY, last_showing, local_to_instant, steady_offset, zone_of

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
USUAL_START, USUAL_END = "22:00", "08:00"
A_DAY, A_WEEK = 86_400, 604_800
LEAST_OPEN = 3_600
"""So many seconds of a week may not be quiet, or nothing that is held would ever be due."""
MOST_SPANS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Seconds after the midnight with which its day begins; an end beyond a day lies on the next one."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """`days`: the span that begins on each day of the week, Monday first; None: none does."""

    days: tuple[Span | None, ...]

    def ends_at(self, now: datetime, zone: str, /) -> datetime | None:
        """When (in UTC) the person may be disturbed again; None: they may be now. Spans that touch are one."""
        until = self._end_of_span(now, zone)
        if until is None:
            return None
        for _ in range(MOST_SPANS):
            later = self._end_of_span(until, zone)
            if later is None:
                break
            until = later
        return until

    def _end_of_span(self, now: datetime, zone: str) -> datetime | None:
        """The end of the last span that `now` lies in."""
        offset = steady_offset(now, zone)
        if offset is None:
            return self._end_in_changes(now, zone)
        local = now.astimezone(UTC).replace(tzinfo=None) + offset
        seconds = local.hour * 3_600 + local.minute * 60 + local.second
        weekday = local.weekday()
        end = -1
        today, yesterday = self.days[weekday], self.days[weekday - 1]
        if yesterday is not None and seconds < yesterday.end - A_DAY:
            end = yesterday.end - A_DAY
        if today is not None and today.start <= seconds < today.end:
            end = max(end, today.end)
        if end < 0:
            return None
        midnight = datetime(local.year, local.month, local.day)  # noqa: DTZ001 - on the person's clock
        return (midnight + timedelta(seconds=end) - offset).replace(tzinfo=UTC)

    def _end_in_changes(self, now: datetime, zone: str) -> datetime | None:
        """The same on days around a change of the clocks, span by span."""
        today = now.astimezone(zone_of(zone)).date()
        ends = [end for begin, end in self.spans(today - 2 * DAY, today + DAY, zone) if begin <= now < end]
        return max(ends, default=None)

    def span_at(self, now: datetime, zone: str, /) -> str:
        """The span that the clock shows at `now` in words, as in `22:00 to 07:00`; empty outside of all."""
        local = now.astimezone(zone_of(zone))
        seconds = local.hour * 3_600 + local.minute * 60 + local.second
        today, yesterday = self.days[local.weekday()], self.days[local.weekday() - 1]
        if today is not None and today.start <= seconds < today.end:
            return _words(today)
        return _words(yesterday) if yesterday is not None and seconds < yesterday.end - A_DAY else ""

    def spans(self, first: date, last: date, zone: str) -> Iterator[tuple[datetime, datetime]]:
        """The spans that begin on these days (both included), as instants in UTC."""
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            span = self.days[day.weekday()]
            if span is None:
                continue
            begin, end = _edges(day, span.start, span.end, zone)
            if begin < end:
                yield begin, end


@lru_cache(maxsize=4_096)
def _words(span: Span) -> str:
    ends = span.end if span.end <= A_DAY else span.end - A_DAY
    return f"{_shown(span.start)} to {_shown(ends)}"


def _shown(seconds: int) -> str:
    return f"{seconds // 3_600:02}:{seconds // 60 % 60:02}"


@lru_cache(maxsize=16_384)
def _edges(day: date, start: int, end: int, zone: str) -> tuple[datetime, datetime]:
    midnight, clock = datetime.combine(day, time()), zone_of(zone)
    begin = local_to_instant(midnight + timedelta(seconds=start), clock)
    return begin, last_showing(midnight + timedelta(seconds=end), clock)


def quiet_hours_of(stored: Mapping[str, Any] | None) -> QuietHours | None:
    """The stored form as a value; None: there are none, or they are switched off. Read once for each form."""
    if not stored or not stored.get("enabled"):
        return None
    return _read(msgspec.json.encode(stored, order="sorted"))


@lru_cache(maxsize=4_096)
def _read(stored: bytes) -> QuietHours:
    return _value_of(msgspec.json.decode(stored), "")


def checked_quiet_hours(
    given: Mapping[str, Any], before: Mapping[str, Any] | None = None, pointer: str = "/global/quiet_hours_"
) -> dict[str, Any]:
    """What is given (`enabled`, `start`, `end`, `days`, each if it is) laid over the stored form that stood before: the
    form to store. `days` maps a weekday to its own `{"start", "end"}`, or to null for none that begins then.
    Raises InputError that points at `pointer` and the field."""
    kept = {"enabled": False, "start": USUAL_START, "end": USUAL_END, "days": {}, **(before or {})}
    kept.update((name, value) for name, value in given.items() if value is not None)
    if not isinstance(kept["enabled"], bool):
        raise InputError("invalid", "write true or false", pointer=f"{pointer}enabled")
    _value_of(kept, pointer)
    return kept


def _value_of(stored: Mapping[str, Any], pointer: str) -> QuietHours:
    days = stored.get("days") or {}
    if not isinstance(days, Mapping):
        raise InputError("invalid", "give an object: weekday → times, or null", pointer=f"{pointer}days")
    unknown = [name for name in days if name not in WEEKDAYS]
    if unknown:
        raise InputError("unknown_weekday", f"days are {', '.join(WEEKDAYS)}", pointer=f"{pointer}days")
    usual = _span(stored["start"], stored["end"], pointer)
    spans = tuple(_of_day(days[name], f"{pointer}days/{name}/") if name in days else usual for name in WEEKDAYS)
    if open_seconds(spans) < LEAST_OPEN:
        raise InputError("always_quiet", "an hour of the week at least must not be quiet", pointer=f"{pointer}days")
    return QuietHours(days=spans)


def _of_day(given: object, pointer: str) -> Span | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or set(given) != {"start", "end"}:
        raise InputError("invalid", "give start and end, or null", pointer=pointer.rstrip("/"))
    return _span(given["start"], given["end"], pointer)


def _span(start: object, end: object, pointer: str) -> Span:
    begins, ends = _seconds(start, f"{pointer}start"), _seconds(end, f"{pointer}end", whole_day=True)
    if begins == ends:
        message = "start and end are the same; write 00:00 and 24:00 for a whole day"
        raise InputError("zero_length", message, pointer=f"{pointer}end")
    return Span(start=begins, end=ends if ends > begins else ends + A_DAY)


def _seconds(given: object, pointer: str, *, whole_day: bool = False) -> int:
    if whole_day and given in ("24:00", "24:00:00"):
        return A_DAY
    found = clock_time(given, pointer)
    return found.hour * 3_600 + found.minute * 60 + found.second


def clock_time(given: object, pointer: str) -> time:
    """`08:00` or `08:00:00` as a time; raises InputError."""
    text = given if isinstance(given, str) else ""
    parts = text.split(":")
    try:
        if len(parts) in (2, 3) and all(len(part) == 2 and part.isascii() and part.isdigit() for part in parts):
            hour, minute, second = map(int, [*parts, "0"][:3])
            return time(hour, minute, second)
    except ValueError:
        pass
    raise InputError("invalid_time", "write a time as HH:MM, from 00:00 to 23:59", pointer=pointer)


def open_seconds(spans: Sequence[Span | None]) -> int:
    """How many seconds of a week are in none of the spans."""
    placed = [(day * A_DAY + span.start, day * A_DAY + span.end) for day, span in enumerate(spans) if span is not None]
    edges = sorted({0, A_WEEK, *(edge % A_WEEK for each in placed for edge in each)})
    return sum(
        high - low
        for low, high in pairwise(edges)
        if not any(begin <= low < end or begin <= low + A_WEEK < end for begin, end in placed)
    )
