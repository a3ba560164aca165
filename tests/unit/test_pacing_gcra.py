"""Rates as they are written, and GCRA: never above the rate in any window, whatever is asked for and when."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.config.environment import ConfigurationError, parse_user_limits, read_environment
from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.rate import Rate, parse_rate
from clarion.records.pacing import gcra
from clarion.records.pacing.gcra import Limit, allowance, behind, paced, share

rates = st.builds(Rate, count=st.integers(1, 5_000), seconds=st.sampled_from([1, 60, 3_600]))
limits = st.builds(Limit, rate=rates, burst=st.integers(1, 500))
# (seconds since the last, tokens wanted)
requests = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 600)), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("text", "count", "seconds"), [("14/s", 14, 1), ("100/min", 100, 60), ("100/m", 100, 60), ("5000/h", 5000, 3600)]
)
def test_a_rate_is_read_as_it_is_written(text: str, count: int, seconds: int) -> None:
    assert parse_rate(text) == Rate(count=count, seconds=seconds)
    assert parse_rate(str(parse_rate(text))) == parse_rate(text)


@pytest.mark.parametrize("text", ["", "14", "0/s", "-1/s", "1.5/s", "14/day", "14 /s", "٣/s", "9999999999/s"])
def test_what_is_no_rate_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(Misconfigured, match="14/s, 100/min, 5000/h"):
        parse_rate(text)


def test_a_url_with_an_unreadable_rate_is_refused_without_its_secret() -> None:
    with pytest.raises(Misconfigured) as refusal:
        parse_account_url("smtp://user:canary@host?rate=fast")
    assert str(refusal.value).startswith("smtp: a rate is")
    assert "canary" not in str(refusal.value)
    with pytest.raises(Misconfigured, match="burst is a number"):
        parse_account_url("smtp://host?rate=14/s&burst=0")
    url = parse_account_url("smtp://host?rate=14/s&burst=3")
    assert (str(url.rate), url.burst) == ("14/s", 3)


def test_unless_told_otherwise_half_a_second_may_go_at_once() -> None:
    assert [paced(parse_rate(text)).burst for text in ("14/s", "1/s", "5000/h", "1000/s")] == [7, 1, 1, 500]
    assert paced(parse_rate("14/s"), 2).burst == 2
    assert allowance(parse_rate("100/min")).burst == 100


@given(limits, requests)
def test_no_window_holds_more_than_its_share_and_the_burst(limit: Limit, asked: list[tuple[float, int]]) -> None:
    times = list(accumulate(pause for pause, _ in asked))
    tat, given_out = 0.0, []
    for now, (_, wanted) in zip(times, asked, strict=True):
        taken = gcra.take(tat, now, limit, wanted)
        tat = taken.tat
        given_out.append((now, taken.count))
    for begin, _ in given_out:
        for end, _ in given_out:
            if end >= begin:
                total = sum(count for at, count in given_out if begin <= at <= end)
                assert total <= limit.burst + (end - begin) / limit.interval + 1e-3


@given(limits, st.floats(0, 1e9), st.integers(1, 600))
def test_after_the_wait_that_was_told_there_is_a_token_and_not_before(limit: Limit, now: float, wanted: int) -> None:
    tat = gcra.take(0.0, now, limit, limit.burst).tat
    refused = gcra.take(tat, now, limit, wanted)
    assert refused.count == 0
    assert 0 < refused.wait <= limit.interval * 1.001 + 1e-6
    assert gcra.take(tat, now + refused.wait * 1.001 + 1e-6, limit, wanted).count >= 1
    if limit.interval > 0.01:
        assert gcra.take(tat, now + refused.wait * 0.5, limit, wanted).count == 0


@given(limits, st.integers(1, 2_000))
def test_what_cannot_be_parted_goes_when_the_bucket_is_full_and_is_paid_off(limit: Limit, least: int) -> None:
    now = 1_000.0
    taken = gcra.take(0.0, now, limit, least, least)
    assert taken.count == least
    paid_off = now + max(least - limit.burst, 0) * limit.interval
    assert gcra.take(taken.tat, paid_off, limit, 1).count <= max(limit.burst - least, 0)


@given(limits, st.integers(1, 500), st.floats(0, 100))
def test_tokens_that_come_back_are_there_again_but_never_more_than_the_burst(
    limit: Limit, wanted: int, pause: float
) -> None:
    taken = gcra.take(0.0, 50.0, limit, wanted)
    tat = gcra.put_back(taken.tat, limit, taken.count)
    assert gcra.take(tat, 50.0 + pause, limit, 10_000).count == limit.burst


@given(limits, st.integers(1, 16))
def test_shares_are_never_more_than_the_whole_and_never_nothing(limit: Limit, parts: int) -> None:
    own = share(limit, parts)
    assert own.interval == pytest.approx(limit.interval * parts)
    assert own.burst == max(1, limit.burst // parts)
    assert gcra.take(0.0, 1.0, own, 10_000).count >= 1


def test_those_who_come_second_leave_half_the_bucket() -> None:
    limit = Limit(rate=Rate(count=10, seconds=1), burst=10)
    taken = gcra.take(0.0, 100.0, behind(limit), 100)
    assert taken.count == 5
    assert gcra.take(taken.tat, 100.0, behind(limit), 100).count == 0
    assert gcra.take(taken.tat, 100.0, limit, 100).count == 5


def test_limits_of_people_are_read_from_the_environment() -> None:
    assert parse_user_limits(read_environment({}).user_limits) == {ChannelKey.PUSH: Rate(count=100, seconds=60)}
    assert parse_user_limits("push=2/s sms=10/h")[ChannelKey.SMS] == Rate(count=10, seconds=3_600)
    assert parse_user_limits("none") == {}


@pytest.mark.parametrize("text", ["push", "push=fast", "fax=1/s"])
def test_unreadable_limits_of_people_end_the_start(text: str) -> None:
    with pytest.raises(ConfigurationError, match="CLARION_USER_LIMITS"):
        read_environment({"CLARION_USER_LIMITS": text})
