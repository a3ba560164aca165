"""How often a person wants to be told: at once, or in a digest by the hour, day or week, or never. Pure.

Windows follow one another without a gap on the person's clock: an hourly one ends with each full hour, a daily one with
each local date at the chosen time, a weekly one with each chosen weekday. A time that the clocks skip means the first
instant after the gap, one that they show twice the first of the two, so no date has two windows or none.
What is put into a window, and what is told of it, are the delivery flow's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.local_time import local_to_instant, zone_of
from clarion.records.preferences.quiet_hours import WEEKDAYS, clock_time

USUAL_AT, USUAL_WEEKDAY = time(8), 0
CHANNELS = frozenset({ChannelKey.EMAIL})
"""What is digested unless the deployment says otherwise."""
HOUR = timedelta(hours=1)


class Frequency(StrEnum):
    """NEVER: what would go into a digest is not sent at all."""

    IMMEDIATE = "immediate"
    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


COLLECTING = frozenset({Frequency.HOURLY, Frequency.DAILY, Frequency.WEEKLY})


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestChoice:
    """`at`: the local time of a daily or weekly digest; `weekday`: of a weekly one, Monday is 0."""

    frequency: Frequency = Frequency.IMMEDIATE
    at: time = USUAL_AT
    weekday: int = USUAL_WEEKDAY

    def window(self, now: datetime, zone: str, /) -> tuple[str, datetime, datetime]:
        """The window that `now` lies in: its name (`daily 2026-11-20`, after the local date of its end), and when it
        opened and closes, in UTC. Raises ValueError for a choice that collects nothing."""
        if self.frequency is Frequency.HOURLY:
            return _hour(now, zone)
        step = {Frequency.DAILY: 1, Frequency.WEEKLY: 7}.get(self.frequency)
        if step is None:
            raise ValueError(f"{self.frequency} has no windows")
        last = _last_date(now, zone, step, self.weekday)
        while (closes_at := _closing(last, self.at, zone)) <= now:
            last += timedelta(days=step)
        return f"{self.frequency} {last}", _closing(last - timedelta(days=step), self.at, zone), closes_at


def _last_date(now: datetime, zone: str, step: int, weekday: int) -> date:
    """A local date on which such a window ends, before `now` but not by much."""
    today = now.astimezone(zone_of(zone)).date()
    if step == 1:
        return today - timedelta(days=1)
    return today - timedelta(days=(today.weekday() - weekday) % 7 or 7)


@lru_cache(maxsize=16_384)
def _closing(on: date, at: time, zone: str) -> datetime:
    return local_to_instant(datetime.combine(on, at), zone_of(zone))


def _hour(now: datetime, zone: str) -> tuple[str, datetime, datetime]:
    """Full hours of the local clock, each an hour long: where clocks are changed, two may bear the same local time, so
    they are named in UTC."""
    local = now.astimezone(zone_of(zone))
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    opened_at = (local.astimezone(UTC)) - past
    return f"hourly {opened_at + HOUR:%Y-%m-%dT%H:%MZ}", opened_at, opened_at + HOUR


def digest_choice_of(
    stored: Mapping[str, Any] | None, of_category: Mapping[str, Any] | None = None
) -> DigestChoice | None:
    """The stored form as a value, the category's laid over the general one; None: nothing is set."""
    kept = {**(stored or {}), **(of_category or {})}
    if not kept:
        return None
    return _read(kept.get("frequency", "immediate"), kept.get("at", ""), kept.get("weekday", ""))


@lru_cache(maxsize=4_096)
def _read(frequency: str, at: str, weekday: str) -> DigestChoice:
    return DigestChoice(
        frequency=Frequency(frequency),
        at=clock_time(at, "") if at else USUAL_AT,
        weekday=WEEKDAYS.index(weekday) if weekday else USUAL_WEEKDAY,
    )


def checked_digest(
    given: Mapping[str, Any], before: Mapping[str, Any] | None = None, pointer: str = "/global/digest_"
) -> dict[str, Any]:
    """What is given (`frequency`, `at`, `weekday`, each if it is) laid over the stored form that stood before: the form
    to store. A category's has a frequency alone. Raises InputError that points at `pointer` and the field (`at` is
    shown as `time`)."""
    kept = {**(before or {}), **{name: value for name, value in given.items() if value is not None}}
    if kept.get("frequency", "immediate") not in set(Frequency):
        raise InputError("unknown_frequency", f"choose {', '.join(Frequency)}", pointer=f"{pointer}frequency")
    if "at" in kept:
        clock_time(kept["at"], f"{pointer}time")
    if kept.get("weekday", "monday") not in WEEKDAYS:
        raise InputError("unknown_weekday", f"choose {', '.join(WEEKDAYS)}", pointer=f"{pointer}weekday")
    return kept
