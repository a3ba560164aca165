# ruff: noqa: DTZ001 - times on a person's clock have no zone of their own
"""Windows of digests: one after the other without a gap, one for each local date, whatever the clocks do."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.contract.input_error import InputError
from clarion.records.preferences.digest_choice import DigestChoice, Frequency, checked_digest, digest_choice_of

ZONES = sorted(available_timezones())
DAILY = DigestChoice(frequency=Frequency.DAILY)
BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(choice: DigestChoice, now: str, zone: str = "UTC") -> str:
    key, opens, closes = choice.window(at(now), zone)
    return f"{key}: {opens:%d %H:%M} to {closes:%d %H:%M}"


def test_a_daily_window_ends_at_the_chosen_time_of_each_local_date() -> None:
    assert shown(DAILY, "2026-11-20T07:59:59") == "daily 2026-11-20: 19 08:00 to 20 08:00"
    assert shown(DAILY, "2026-11-20T08:00:00") == "daily 2026-11-21: 20 08:00 to 21 08:00"
    assert shown(DAILY, "2026-11-20T08:00:00", "Asia/Kathmandu") == "daily 2026-11-21: 20 02:15 to 21 02:15"


def test_a_weekly_window_ends_on_the_chosen_weekday() -> None:
    weekly = DigestChoice(frequency=Frequency.WEEKLY, at=time(18), weekday=4)
    assert shown(weekly, "2026-11-20T17:59:59") == "weekly 2026-11-20: 13 18:00 to 20 18:00"
    assert shown(weekly, "2026-11-20T18:00:00") == "weekly 2026-11-27: 20 18:00 to 27 18:00"
    assert shown(weekly, "2026-11-21T00:00:00") == "weekly 2026-11-27: 20 18:00 to 27 18:00"


def test_an_hourly_window_ends_with_the_hour_of_the_persons_clock() -> None:
    hourly = DigestChoice(frequency=Frequency.HOURLY)
    assert shown(hourly, "2026-11-20T08:10:00") == "hourly 2026-11-20T09:00Z: 20 08:00 to 20 09:00"
    assert shown(hourly, "2026-11-20T08:10:00", "Asia/Kathmandu") == "hourly 2026-11-20T08:15Z: 20 07:15 to 20 08:15"


def test_the_hour_that_comes_twice_has_two_hourly_windows_and_one_daily() -> None:
    hourly = DigestChoice(frequency=Frequency.HOURLY)
    first, second = (hourly.window(at(f"2026-10-25T0{hour}:30:00"), BERLIN) for hour in (0, 1))
    assert first[2] == second[1], "both read 02:30 to 03:00"
    twice = DigestChoice(frequency=Frequency.DAILY, at=time(2, 30))
    assert shown(twice, "2026-10-24T23:00:00", BERLIN) == "daily 2026-10-25: 24 00:30 to 25 00:30"
    assert shown(twice, "2026-10-25T01:00:00", BERLIN) == "daily 2026-10-26: 25 00:30 to 26 01:30"


def test_a_time_that_is_skipped_is_the_first_instant_after_the_gap() -> None:
    skipped = DigestChoice(frequency=Frequency.DAILY, at=time(2, 30))
    assert shown(skipped, "2026-03-29T00:30:00", BERLIN) == "daily 2026-03-29: 28 01:30 to 29 01:00"


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)),
    st.sampled_from([Frequency.HOURLY, Frequency.DAILY, Frequency.WEEKLY]),
    st.integers(0, 95),
    st.integers(0, 6),
)
def test_windows_hold_their_moment_and_follow_one_another(
    zone: str, moment: datetime, frequency: Frequency, quarter: int, weekday: int
) -> None:
    now = moment.replace(tzinfo=UTC)
    choice = DigestChoice(frequency=frequency, at=time(quarter // 4, quarter % 4 * 15), weekday=weekday)
    key, opens, closes = choice.window(now, zone)
    assert opens <= now < closes
    assert choice.window(opens, zone)[0] == choice.window(closes - timedelta(microseconds=1), zone)[0] == key
    following = choice.window(closes, zone)
    assert following[0] != key
    if frequency is not Frequency.HOURLY:
        assert following[1] == closes
        step = 7 if frequency is Frequency.WEEKLY else 1
        dates = [datetime.fromisoformat(name.split()[1]) for name in (key, following[0])]
        assert dates[1] - dates[0] == timedelta(days=step)
        assert closes.astimezone(ZoneInfo(zone)).date() == dates[0].date()


def test_a_categorys_choice_goes_before_the_general_one() -> None:
    general = {"frequency": "daily", "at": "18:00", "weekday": "friday"}
    assert digest_choice_of(general, {"frequency": "weekly"}) == DigestChoice(
        frequency=Frequency.WEEKLY, at=time(18), weekday=4
    )
    assert digest_choice_of(None, None) is None
    with pytest.raises(ValueError, match="never has no windows"):
        DigestChoice(frequency=Frequency.NEVER).window(at("2026-11-20T08:00:00"), "UTC")


@pytest.mark.parametrize(
    ("given_", "code", "pointer"),
    [
        ({"frequency": "monthly"}, "unknown_frequency", "frequency"),
        ({"at": "24:00"}, "invalid_time", "time"),
        ({"weekday": "Mon"}, "unknown_weekday", "weekday"),
    ],
)
def test_impossible_choices_are_refused(given_: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(InputError) as refused:
        checked_digest(given_)
    assert (refused.value.code, refused.value.pointer) == (code, f"/global/digest_{pointer}")
