"""Retry-After, in all the shapes servers send."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.egress.retry_after import LONGEST, parse_retry_after

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        (" 120 ", 120),
        ("86400", 86_400),
        ("86401", 86_400),
        ("999999999", 86_400),
        ("Fri, 20 Nov 2026 09:02:00 GMT", 120),
        ("Fri, 20 Nov 2026 10:02:00 +0100", 120),
        ("Fri, 20 Nov 2036 09:00:00 GMT", 86_400),
    ],
)
def test_a_wish_is_honoured_up_to_a_day(value: str, seconds: int) -> None:
    assert parse_retry_after(value, now=NOW) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "-1",
        "-99999",
        "+5",
        "1.5",
        "1e9",
        "soon",
        "9" * 10,
        "9" * 5000,
        "٣٠",
        "Fri, 20 Nov 2026 08:59:59 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 99 Nov 2026 09:00:00 GMT",
        "\x00",
    ],
)
def test_nonsense_and_the_past_are_ignored(value: str | None) -> None:
    assert parse_retry_after(value, now=NOW) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reading(value: str) -> None:
    wait = parse_retry_after(value, now=NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST


@given(st.integers(min_value=0, max_value=86_400))
def test_seconds_and_dates_say_the_same(seconds: int) -> None:
    moment = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(str(seconds), now=NOW) == parse_retry_after(moment, now=NOW)
