"""Whose turn it is among accounts of one position, as a pure rule."""

from collections import Counter
from uuid import uuid4

import pytest

from clarion.contract.account import parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.flows.delivery.shares import Shares
from clarion.records.accounts.book import AccountFacts, positions


def account(name: str, weight: int = 1, position: int = 0) -> AccountFacts:
    return AccountFacts(
        id=uuid4(),
        channel=ChannelKey.EMAIL,
        name=name,
        url=parse_account_url("sandbox://"),
        paused=False,
        faulty_until=None,
        rate=None,
        burst=None,
        version="1",
        position=position,
        weight=weight,
    )


def carry(shares: Shares, accounts: list[AccountFacts], batches: list[int]) -> Counter[str]:
    got: Counter[str] = Counter()
    for size in batches:
        first = shares.order(accounts)[0]
        shares.charge(first, size)
        got[first.name] += size
    return got


def test_messages_not_batches_are_shared_by_weight() -> None:
    a, b = account("a", weight=3), account("b")
    assert carry(Shares(), [a, b], [100] * 80) == {"a": 6_000, "b": 2_000}
    uneven = carry(Shares(), [a, b], [500, 1, 7, 500, 20] * 200)
    assert abs(uneven["a"] / uneven.total() - 0.75) < 0.01


def test_turns_are_smooth_and_always_the_same() -> None:
    accounts = [account("a", weight=2), account("b")]

    def turns() -> list[str]:
        shares, found = Shares(), []
        for _ in range(6):
            first = shares.order(accounts)[0]
            shares.charge(first, 10)
            found.append(first.name)
        return found

    assert turns() == ["a", "b", "a", "a", "b", "a"] == turns()


def test_a_lower_position_comes_first_however_much_it_has_carried() -> None:
    main, spare = account("main", position=0), account("spare", weight=1_000, position=1)
    shares = Shares()
    for _ in range(5):
        assert [one.name for one in shares.order([spare, main])] == ["main", "spare"]
        shares.charge(main, 500)


def test_one_that_was_away_gets_its_share_and_does_not_make_up_for_what_it_missed() -> None:
    a, b = account("a"), account("b")
    shares = Shares()
    carry(shares, [a, b], [100] * 10)
    assert carry(shares, [b], [100] * 50) == {"b": 5_000}
    back = carry(shares, [a, b], [100] * 10)
    assert back == {"a": 500, "b": 500}


def test_what_came_back_unsent_is_not_counted() -> None:
    a, b = account("a"), account("b")
    shares = Shares()
    assert shares.order([a, b])[0] is a
    shares.charge(a, 100)
    shares.charge(a, -100)
    assert shares.order([a, b])[0] is a


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        (["smtp://a", "smtp://b", "smtp://c"], [0, 1, 2]),
        (["smtp://a?weight=3", "smtp://b?weight=1", "smtp://c"], [0, 0, 2]),
        (["smtp://a", "smtp://b?weight=1", "smtp://c?weight=1"], [0, 1, 1]),
        (["smtp://a?weight=2", "smtp://b", "smtp://c?weight=2"], [0, 1, 2]),
    ],
)
def test_neighbours_with_a_weight_share_a_position(urls: list[str], expected: list[int]) -> None:
    assert positions(urls) == expected


@pytest.mark.parametrize("option", ["weight=0", "weight=1001", "weight=x", "weight=", "weight=-1", "concurrency=0"])
def test_a_weight_or_concurrency_that_is_no_number_in_bounds_is_refused(option: str) -> None:
    with pytest.raises(Misconfigured, match=f"{option.partition('=')[0]}= must be a number from 1 to"):
        parse_account_url(f"smtp://mail.example.com?{option}")
