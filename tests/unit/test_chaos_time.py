"""`clarion chaos time`: its watched clock, and that it finds what breaks the promise."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from clarion.surfaces.cli.chaos import time_zones
from clarion.surfaces.cli.chaos.time_herd import prove_herd
from clarion.surfaces.cli.chaos.time_oracle import changes_of, closings, quiet_minutes, watched, zones
from clarion.surfaces.cli.chaos.time_zones import prove_zones

BERLIN = ZoneInfo("Europe/Berlin")
# half an hour, midnight, a month of its own, two hours, changes by decree, none
ODD = ("Australia/Lord_Howe", "America/Havana", "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza", "Asia/Kolkata")


class Silent:
    def stage(self, text: str, total: int | None = None) -> object:
        return lambda done: None


def test_changes_of_clocks_are_found_to_the_minute() -> None:
    found = changes_of(BERLIN)
    assert len(found) == 14
    assert found[:2] == [datetime(2024, 3, 31, 1, tzinfo=UTC), datetime(2024, 10, 27, 1, tzinfo=UTC)]
    assert changes_of(ZoneInfo("Asia/Kolkata")) == []


def test_a_watched_clock_shows_when_it_is_quiet_and_when_digests_close() -> None:
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    wall = watched(BERLIN, change)
    begun = [(first - wall.place(change), last - wall.place(change)) for first, last in quiet_minutes(wall, 120, 150)]
    assert (-60, 30) in begun, "from the first 02:00 to the second 02:30"
    assert closings(wall, 150, None)["2026-10-25"] == wall.place(change) - 30


def test_quiet_hours_and_digests_hold_around_odd_changes() -> None:
    found = list(prove_zones(ODD, Silent()))  # type: ignore[arg-type]
    assert [row.flaw for row in found] == [""] * 4
    assert all(row.zones == len(ODD) and row.messages > 1_000 for row in found)


def test_it_finds_rules_that_go_by_another_zones_clock() -> None:
    tallies = [time_zones._Tally(rule, Counter()) for rule in ("quiet", "daily", "weekly", "hourly")]
    change = datetime(2026, 3, 29, 1, tzinfo=UTC)
    time_zones._prove("America/New_York", watched(BERLIN, change), change, tallies)
    assert all(tally.counts["early"] + tally.counts["late"] + tally.counts["lost"] for tally in tallies[:3])


def test_every_zone_is_on_the_list() -> None:
    assert len(zones()) > 500


def test_a_herd_is_spread_and_its_more_urgent_half_goes_first() -> None:
    (found,) = prove_herd(100_000, seed=1)
    assert found.flaw == ""
    assert found.busiest < 600
    assert found.last_seconds < 300
