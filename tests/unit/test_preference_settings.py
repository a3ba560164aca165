"""How an operator writes the defaults of preferences."""

import pytest

from clarion.config.environment import ConfigurationError, read_environment
from clarion.records.categories.policy import Cap
from clarion.records.preferences.settings import parse_cap_of_user, parse_off


def test_what_is_off_is_written_by_name() -> None:
    assert parse_off("") == frozenset()
    assert parse_off("marketing sms") == parse_off("sms,marketing") == {"marketing", "sms"}


@pytest.mark.parametrize(
    ("text", "cap"),
    [("", Cap()), ("20/day", Cap(20, 0)), ("60/week", Cap(0, 60)), ("20/day 60/week", Cap(20, 60))],
)
def test_a_cap_is_written_by_the_day_and_by_the_week(text: str, cap: Cap) -> None:
    assert parse_cap_of_user(text) == cap


@pytest.mark.parametrize("text", ["20", "0/day", "20/hour", "20/day 30/day", "30/day 20/week", "-1/day", "10001/day"])
def test_a_cap_that_means_nothing_ends_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError, match="CLARION_USER_CAP"):
        read_environment({"CLARION_USER_CAP": text})


def test_an_unknown_name_ends_the_start() -> None:
    with pytest.raises(ConfigurationError, match="CLARION_PREFERENCES_OFF"):
        read_environment({"CLARION_PREFERENCES_OFF": "fax"})
