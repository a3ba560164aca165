"""How many messages a provider is given in one go: what it can do in two seconds."""

from dataclasses import replace

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.provider import Declaration
from clarion.flows.delivery.strides import Strides

ONE_BY_ONE = Declaration(name="smtp", channels=frozenset({ChannelKey.EMAIL}), max_batch=500, concurrency=4)
ACCOUNT = "email.main"


def after(strides: Strides, monkeypatch: pytest.MonkeyPatch, count: int, seconds: float) -> int:
    times = iter([0.0, seconds])
    monkeypatch.setattr("clarion.flows.delivery.strides.monotonic", lambda: next(times))
    with strides.timed(ACCOUNT, count):
        pass
    return strides.most(ACCOUNT, ONE_BY_ONE)


def test_the_first_hand_over_is_small_for_nobody_knows_how_slow_the_account_is() -> None:
    assert Strides().most(ACCOUNT, ONE_BY_ONE) == 100
    assert Strides().most(ACCOUNT, replace(ONE_BY_ONE, max_batch=40)) == 40


def test_a_fast_account_gets_full_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    assert after(Strides(), monkeypatch, 100, 0.02) == 500


def test_a_slow_account_gets_what_it_does_in_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    strides = Strides()
    assert after(strides, monkeypatch, 100, 10.0) == 20
    assert after(strides, monkeypatch, 20, 6.0) == 10


def test_a_very_slow_account_gets_as_many_as_it_works_on_at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert after(Strides(), monkeypatch, 4, 40.0) == 4


def test_a_call_that_carries_a_whole_batch_is_not_cut_up(monkeypatch: pytest.MonkeyPatch) -> None:
    strides = Strides()
    after(strides, monkeypatch, 1, 40.0)
    assert strides.most(ACCOUNT, replace(ONE_BY_ONE, batch_call=True)) == 500
