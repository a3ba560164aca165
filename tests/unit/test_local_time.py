# ruff: noqa: DTZ001 - times without a zone are what this is about
"""Local times as instants: never early, one instant each, whatever the clocks of a zone do."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.records.local_time import local_to_instant

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
ZONES = sorted(available_timezones())
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def _changes(zone: ZoneInfo) -> list[datetime]:
    """The first instant after each change of the zone's offset in the years looked at, to the second."""
    found = []
    step = timedelta(days=5)
    moment = FIRST
    while moment < LAST:
        if moment.astimezone(zone).utcoffset() != (moment + step).astimezone(zone).utcoffset():
            found.append(_change_between(zone, moment, moment + step))
        moment += step
    return found


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = low.astimezone(zone).utcoffset()
    while high - low > SECOND:
        middle = low + timedelta(seconds=(high - low) // SECOND // 2)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def _is_right(local: datetime, zone: ZoneInfo) -> bool:
    """The first instant at which the clock shows the time; where none does, the first that shows a later one."""
    instant = local_to_instant(local, zone)
    shown = _wall(instant, zone)
    earlier = [instant - SECOND, instant - HOUR / 2, instant - HOUR, instant - 2 * HOUR, instant - 24 * HOUR]
    if shown == local:
        return all(_wall(one, zone) != local for one in earlier)
    return shown > local and _wall(instant - SECOND, zone) < local


def test_around_every_change_of_every_zone_no_time_is_early_or_ambiguous() -> None:
    looked_at = 0
    for name in ZONES:
        zone = ZoneInfo(name)
        for change in _changes(zone):
            before, after = _wall(change - SECOND, zone) + SECOND, _wall(change, zone)
            edges = {before, after, min(before, after) + abs(after - before) / 2}
            for edge in edges:
                for away in (-SECOND, timedelta(0), SECOND, -HOUR, HOUR, timedelta(microseconds=250_000)):
                    assert _is_right(edge + away, zone), (name, edge + away)
                    looked_at += 1
    assert looked_at > 20_000


def test_a_skipped_time_is_the_first_instant_after_the_gap() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    end_of_gap = datetime(2026, 3, 29, 1, tzinfo=UTC)
    for local in (datetime(2026, 3, 29, 2), datetime(2026, 3, 29, 2, 30), datetime(2026, 3, 29, 2, 59, 59, 999_999)):
        assert local_to_instant(local, berlin) == end_of_gap
    assert local_to_instant(datetime(2026, 3, 29, 1, 59, 59), berlin) == end_of_gap - SECOND
    assert local_to_instant(datetime(2026, 3, 29, 3), berlin) == end_of_gap


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert local_to_instant(datetime(2026, 10, 25, 2, 30), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert local_to_instant(datetime(2026, 10, 25, 2, 30, fold=1), berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert local_to_instant(datetime(2026, 10, 25, 3), berlin) == datetime(2026, 10, 25, 2, tzinfo=UTC)


def test_half_an_hour_of_a_gap_and_a_day_without_a_date_are_gaps_too() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert local_to_instant(datetime(2026, 10, 4, 2, 10), lord_howe) == datetime(2026, 10, 3, 15, 30, tzinfo=UTC)
    apia = ZoneInfo("Pacific/Apia")  # 2011-12-30 was left out
    assert local_to_instant(datetime(2011, 12, 30, 12), apia) == datetime(2011, 12, 30, 10, tzinfo=UTC)


@given(st.sampled_from(ZONES), st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 12, 31)))
def test_any_time_in_any_zone_is_right(name: str, local: datetime) -> None:
    assert _is_right(local, ZoneInfo(name))


@given(
    st.sampled_from(ZONES),
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2030, 12, 31)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=2)),
)
def test_later_times_are_never_earlier_instants(name: str, local: datetime, more: timedelta) -> None:
    zone = ZoneInfo(name)
    earlier, later = local_to_instant(local, zone), local_to_instant(local + more, zone)
    assert earlier <= later


@pytest.mark.parametrize("name", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
def test_zones_that_stand_still_only_shift(name: str) -> None:
    zone = ZoneInfo(name)
    local = datetime(2026, 1, 15, 9, 30)
    assert local_to_instant(local, zone) == local.replace(tzinfo=zone)
