"""The egress loop and the bridges to it."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from clarion.egress import loop
from clarion.egress.fan_out import fan_out


def test_run_gives_back_the_result_and_the_exception() -> None:
    async def add(a: int, b: int) -> int:
        await asyncio.sleep(0)
        return a + b

    async def fail() -> None:
        raise KeyError("from the loop")

    assert loop.run(add(2, 3)) == 5
    with pytest.raises(KeyError, match="from the loop"):
        loop.run(fail())


def test_run_gives_up_after_its_timeout_and_cancels() -> None:
    ended = threading.Event()

    async def hang() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        loop.run(hang(), timeout=0.05)
    assert ended.wait(2)


def test_everything_runs_on_one_loop_in_one_thread() -> None:
    async def where() -> tuple[asyncio.AbstractEventLoop, int]:
        return asyncio.get_running_loop(), threading.get_ident()

    first, second = loop.run(where()), loop.run(where())
    assert first == second
    assert first[1] != threading.get_ident()


def test_a_stream_yields_each_item_before_the_next_is_asked_for() -> None:
    go_on = threading.Event()

    async def numbers() -> AsyncIterator[int]:
        yield 1
        await asyncio.to_thread(go_on.wait, 5)
        yield 2

    results = loop.stream(numbers())
    assert next(results) == 1
    go_on.set()
    assert list(results) == [2]


def test_a_streams_exception_comes_after_what_was_yielded() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 1
        raise ValueError("half-way")

    results = loop.stream(numbers())
    assert next(results) == 1
    with pytest.raises(ValueError, match="half-way"):
        next(results)


def test_closing_a_stream_half_way_waits_for_its_clean_up() -> None:
    cleaned: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            for number in range(1000):
                yield number
                await asyncio.sleep(0.01)
        finally:
            cleaned.append("done")

    results = loop.stream(numbers())
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    assert cleaned == ["done"]


def test_a_pump_closed_before_its_first_item_begins_nothing_more() -> None:
    begun: list[int] = []

    async def produce(emit: Callable[[int], None]) -> None:
        begun.append(1)
        await asyncio.sleep(30)

    results = loop.pump(produce)
    results.close()  # type: ignore[attr-defined]
    assert begun == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_gets_a_loop_and_values_of_its_own() -> None:
    made: list[int] = []

    def make() -> int:
        made.append(os.getpid())
        return os.getpid()

    value = loop.PerLoop(make)

    async def get() -> int:
        return value.get()

    assert loop.run(get()) == loop.run(get()) == os.getpid()
    assert made == [os.getpid()]
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writable, str(loop.run(get(), timeout=5)).encode())
        os._exit(0)
    os.close(writable)
    assert os.waitpid(child, 0)[1] == 0
    with os.fdopen(readable, "rb") as pipe:
        assert int(pipe.read()) == child
    assert loop.run(get()) == os.getpid()


def test_fan_out_keeps_to_its_limit_and_does_everything() -> None:
    now = peak = 0

    async def work(number: int) -> int:
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await asyncio.sleep(0.001)
        now -= 1
        return number * 2

    assert sorted(fan_out(range(50), work, limit=8)) == [number * 2 for number in range(50)]
    assert peak == 8


def test_fan_out_finishes_what_is_in_flight_before_it_raises() -> None:
    begun: list[int] = []

    async def work(number: int) -> int:
        begun.append(number)
        await asyncio.sleep(0.01)
        if number == 0:
            raise ValueError("broken")
        await asyncio.sleep(0.02)
        return number

    results: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        results.extend(fan_out(range(100), work, limit=4))
    assert sorted(begun) == [0, 1, 2, 3]
