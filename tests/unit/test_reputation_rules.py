"""When rates of bounces and complaints warn and pause."""

from datetime import timedelta

import pytest

from clarion.records.reputation.rules import Counts, State, Thresholds, judge, parse_thresholds

LIMITS = Thresholds()


@pytest.mark.parametrize(
    ("sent", "bounced", "complained", "state"),
    [
        (1000, 49, 0, State.GOOD),
        (1000, 50, 0, State.WARNED),
        (1000, 99, 0, State.WARNED),
        (1000, 100, 0, State.PAUSED),
        (10_000, 0, 9, State.GOOD),
        (10_000, 0, 10, State.WARNED),
        (10_000, 0, 29, State.WARNED),
        (10_000, 0, 30, State.PAUSED),
        (199, 100, 100, State.GOOD),
        (200, 0, 1, State.GOOD),
        (200, 0, 2, State.WARNED),
        (200, 0, 3, State.PAUSED),
        (0, 5, 5, State.GOOD),
    ],
)
def test_the_default_thresholds(sent: int, bounced: int, complained: int, state: State) -> None:
    assert judge(State.GOOD, Counts(sent=sent, bounced=bounced, complained=complained), LIMITS)[0] is state


def test_it_says_by_how_much() -> None:
    _, why = judge(State.GOOD, Counts(sent=1000, bounced=125), LIMITS)

    assert why == "125 of 1000 bounced, 12.50 %; the limit is 10 %"


def test_a_warning_ends_by_itself_and_a_pause_does_not() -> None:
    well = Counts(sent=1000)

    assert judge(State.WARNED, well, LIMITS) == (State.GOOD, "")
    assert judge(State.PAUSED, well, LIMITS) == (State.PAUSED, "")


def test_who_only_wants_warnings_gets_no_pause() -> None:
    assert judge(State.GOOD, Counts(sent=1000, bounced=900), parse_thresholds("warn"))[0] is State.WARNED


def test_thresholds_are_read_part_by_part() -> None:
    found = parse_thresholds("bounces=2/4.5 complaints=0.05/0.2 minimum=1000 hours=48")

    assert found == Thresholds(
        bounce_warn=2,
        bounce_pause=4.5,
        complaint_warn=0.05,
        complaint_pause=0.2,
        minimum=1000,
        window=timedelta(hours=48),
    )
    assert parse_thresholds("") == LIMITS


@pytest.mark.parametrize(
    "text",
    ["bounces=10/5", "bounces=5", "complaints=0/1", "minimum=0", "hours=169", "bounces=5/101", "off", "minimum=²"],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it as"):
        parse_thresholds(text)
