# ruff: noqa: DTZ001 - times on a person's clock have no zone of their own
"""Quiet hours on the person's clock: across midnight and clock changes, never ended early, begun and ended once."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.input_error import InputError
from clarion.records.local_time import steady_offset
from clarion.records.preferences.quiet_hours import (
    WEEKDAYS,
    QuietHours,
    checked_quiet_hours,
    open_seconds,
    quiet_hours_of,
)

ZONES = sorted(available_timezones())
BERLIN = "Europe/Berlin"


def quiet(start: str = "22:00", end: str = "08:00", **days: Any) -> QuietHours:
    found = quiet_hours_of({"enabled": True, "start": start, "end": end, "days": days})
    assert found is not None
    return found


def at(text: str, zone: str = "UTC", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def ends(hours: QuietHours, now: datetime, zone: str = "UTC") -> str:
    until = hours.ends_at(now, zone)
    return f"{until:%a %H:%M}" if until else ""


def test_a_night_is_quiet_from_its_start_until_its_end() -> None:
    night = quiet()
    days = [at("2026-11-20T21:59:59"), at("2026-11-20T22:00:00"), at("2026-11-21T07:59:59"), at("2026-11-21T08:00")]
    assert [ends(night, each) for each in days] == ["", "Sat 08:00", "Sat 08:00", ""]


def test_it_is_the_persons_own_night() -> None:
    night, now = quiet(), at("2026-11-20T20:30")
    assert ends(night, now, "Africa/Nairobi") == "Sat 05:00", "23:30 there"
    assert ends(night, now, "America/New_York") == ""
    assert ends(night, now, "Asia/Kathmandu") == "Sat 02:15", "02:15 there, which is 5:45 ahead"


def test_each_weekday_may_have_its_own_span_or_none() -> None:
    hours = quiet(friday={"start": "23:30", "end": "10:00"}, saturday=None)
    assert ends(hours, at("2026-11-20T23:00")) == "", "Friday begins later"
    assert ends(hours, at("2026-11-21T09:00")) == "Sat 10:00", "and lasts into Saturday"
    assert ends(hours, at("2026-11-21T23:00")) == "", "none begins on Saturday"
    assert ends(hours, at("2026-11-22T03:00")) == ""
    assert ends(hours, at("2026-11-22T23:00")) == "Mon 08:00"


def test_spans_that_touch_or_overlap_are_one() -> None:
    whole = {"start": "00:00", "end": "24:00"}
    weekend = quiet(saturday=whole, sunday=whole)
    assert ends(weekend, at("2026-11-20T22:30")) == "Mon 00:00", "Friday's night and both days"


def test_an_end_that_the_clocks_skip_is_the_first_instant_after_the_gap() -> None:
    # 2026-03-29, 02:00 becomes 03:00
    assert ends(quiet("22:00", "02:30"), at("2026-03-28T23:00", BERLIN), BERLIN) == "Sun 01:00"
    assert ends(quiet("02:15", "02:45"), at("2026-03-29T01:59", BERLIN), BERLIN) == "", "the span is skipped as a whole"
    assert ends(quiet("02:15", "02:45"), at("2026-03-29T01:00+00:00"[:16]), BERLIN) == ""


def test_an_end_that_is_shown_twice_is_the_second_of_the_two() -> None:
    # 2026-10-25, 03:00 becomes 02:00: 00:30 UTC and 01:30 UTC both read 02:30
    hours = quiet("22:00", "02:30")
    assert ends(hours, at("2026-10-25T00:29"), BERLIN) == "Sun 01:30"
    assert ends(hours, at("2026-10-25T00:45"), BERLIN) == "Sun 01:30", "between the two it is quiet, not open and shut"
    assert ends(hours, at("2026-10-25T01:30"), BERLIN) == ""


def test_an_end_to_which_the_clocks_are_put_back_is_the_first_of_the_two() -> None:
    # 2026-10-25, 03:00 becomes 02:00: after the first 02:00 the clock shows no time before it again
    assert ends(quiet("22:00", "02:00"), at("2026-10-24T23:59"), BERLIN) == "Sun 00:00"
    assert ends(quiet("22:00", "02:00"), at("2026-10-25T00:30"), BERLIN) == ""


def test_a_start_that_is_shown_twice_is_the_first_of_the_two() -> None:
    hours = quiet("02:30", "06:00")
    assert ends(hours, at("2026-10-25T00:29"), BERLIN) == ""
    assert ends(hours, at("2026-10-25T00:30"), BERLIN) == "Sun 05:00"
    assert ends(hours, at("2026-10-25T01:10"), BERLIN) == "Sun 05:00"


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)),
    st.integers(0, 95),
    st.integers(0, 95),
)
def test_while_the_clock_shows_a_quiet_time_it_is_quiet_and_its_end_is_not(
    zone: str, moment: datetime, start: int, end: int
) -> None:
    if start == end:
        return
    now = moment.replace(tzinfo=UTC)
    first, last = (f"{each // 4:02}:{each % 4 * 15:02}" for each in (start, end))
    until = quiet(first, last).ends_at(now, zone)
    shown = f"{now.astimezone(ZoneInfo(zone)):%H:%M}"
    within = first <= shown < last if first < last else shown >= first or shown < last
    assert until is not None or not within
    if until is not None:
        assert now < until <= now + timedelta(hours=26)
        assert quiet(first, last).ends_at(until, zone) is None


@given(st.sampled_from(ZONES), st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)), st.integers(0, 10**6))
def test_the_quick_way_agrees_with_the_careful_one(zone: str, moment: datetime, draw: int) -> None:
    now = moment.replace(tzinfo=UTC)
    if steady_offset(now, zone) is None:
        return
    days = {
        name: None
        if (draw >> n) % 5 == 0
        else {"start": f"{(draw >> n) % 24:02}:00", "end": f"{(draw >> n) % 23:02}:30"}
        for n, name in enumerate(WEEKDAYS)
    }
    hours = quiet(**days)
    assert hours._end_of_span(now, zone) == hours._end_in_changes(now, zone)


@pytest.mark.parametrize(
    ("given_", "code", "pointer"),
    [
        ({"start": "22:00", "end": "22:00"}, "zero_length", "end"),
        ({"start": "25:00"}, "invalid_time", "start"),
        ({"end": "8:00"}, "invalid_time", "end"),
        ({"start": "24:00"}, "invalid_time", "start"),
        ({"start": 22}, "invalid_time", "start"),
        ({"end": "08:00:61"}, "invalid_time", "end"),
        ({"end": "٠٨:٠٠"}, "invalid_time", "end"),
        ({"days": {"caturday": None}}, "unknown_weekday", "days"),
        ({"days": {"sunday": {"start": "22:00"}}}, "invalid", "days/sunday"),
        ({"days": {"sunday": {"start": "x", "end": "08:00"}}}, "invalid_time", "days/sunday/start"),
        ({"days": []}, "always_quiet", ""),
        ({"start": "00:00", "end": "24:00"}, "always_quiet", "days"),
        ({"start": "08:00", "end": "07:55"}, "always_quiet", "days"),
        ({"enabled": "yes"}, "invalid", "enabled"),
    ],
)
def test_impossible_quiet_hours_are_refused(given_: dict[str, Any], code: str, pointer: str) -> None:
    if given_ == {"days": []}:
        assert checked_quiet_hours(given_)["days"] == [], "an empty list says no more than an empty object"
        return
    with pytest.raises(InputError) as refused:
        checked_quiet_hours(given_)
    assert (refused.value.code, refused.value.pointer) == (code, f"/global/quiet_hours_{pointer}")


def test_what_is_given_is_laid_over_what_stood_before() -> None:
    first = checked_quiet_hours({"enabled": True})
    assert first == {"enabled": True, "start": "22:00", "end": "08:00", "days": {}}
    assert checked_quiet_hours({"end": "07:00:00"}, first)["start"] == "22:00"
    assert quiet_hours_of({**first, "enabled": False}) is None
    assert quiet_hours_of(None) is None


def test_the_open_part_of_a_week_is_counted_across_its_turn() -> None:
    assert open_seconds(quiet().days) == 7 * 14 * 3_600
    sunday = quiet("10:00", "10:30", sunday={"start": "20:00", "end": "19:00"})
    assert open_seconds(sunday.days) == 7 * 86_400 - 5 * 1_800 - 23 * 3_600
