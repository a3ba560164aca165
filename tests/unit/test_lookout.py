"""A worker that hears no bell looks for work itself."""

import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import pytest
from django.db import DatabaseError

from clarion.flows.delivery import lookout as module
from clarion.flows.delivery.lookout import ANSWERS, Lookout


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_SECONDS", 0.1)
    monkeypatch.setattr(module, "LOOK_SECONDS", (0.01, 0.02))


@pytest.fixture
def start() -> Iterator[Callable[[Lookout], Lookout]]:
    begun: list[Lookout] = []

    def it(lookout: Lookout) -> Lookout:
        begun.append(lookout)
        lookout.start()
        return lookout

    yield it
    for lookout in begun:
        lookout.stop()
        lookout.finish()


def soon(happened: Callable[[], bool]) -> bool:
    until = monotonic() + 5
    while not happened() and monotonic() < until:
        sleep(0.01)
    return happened()


def test_work_that_is_due_is_found_when_nobody_rings(start: Callable[[Lookout], Lookout]) -> None:
    answered: list[str] = []
    start(Lookout({"email", "sms"}, lambda: ["email"], answered.append))
    assert soon(lambda: "email" in answered)
    assert set(answered) == {"email"}


def test_work_whose_bell_may_be_on_its_way_is_left_to_the_bell(start: Callable[[Lookout], Lookout]) -> None:
    looks: list[int] = []

    def due() -> list[str]:
        looks.append(1)
        return ["email"] if len(looks) % 2 else []

    answered: list[str] = []
    start(Lookout({"email"}, due, answered.append))
    assert soon(lambda: len(looks) > 8)
    assert answered == []


def test_other_workers_queues_are_left_to_them(start: Callable[[Lookout], Lookout]) -> None:
    answered: list[str] = []
    start(Lookout({"sms"}, lambda: ["email", "sms"], answered.append))
    assert soon(lambda: bool(answered))
    assert set(answered) == {"sms"}


def test_nobody_looks_while_the_bell_is_heard(start: Callable[[Lookout], Lookout]) -> None:
    looked: list[bool] = []
    lookout = start(Lookout({"email"}, lambda: looked.append(True) or [], lambda queue: None))  # type: ignore[func-returns-value]
    for _ in range(30):
        lookout.heard()
        sleep(0.01)
    assert looked == []
    assert soon(lambda: bool(looked))


def test_a_queue_is_answered_twice_at_one_time_at_the_most(start: Callable[[Lookout], Lookout]) -> None:
    go_on = threading.Event()
    begun: list[str] = []

    def answer(queue: str) -> None:
        begun.append(queue)
        go_on.wait(5)

    start(Lookout({"email"}, lambda: ["email"], answer))
    assert soon(lambda: len(begun) == ANSWERS)
    sleep(0.2)
    assert len(begun) == ANSWERS
    go_on.set()
    assert soon(lambda: len(begun) > ANSWERS)


def test_a_database_that_is_away_is_asked_again(start: Callable[[Lookout], Lookout]) -> None:
    asked: list[bool] = []

    def due() -> list[str]:
        asked.append(True)
        if len(asked) < 3:
            raise DatabaseError("away")
        return ["email"]

    answered: list[str] = []
    start(Lookout({"email"}, due, answered.append))
    assert soon(lambda: answered != [])


def test_what_is_being_answered_is_finished_before_the_process_ends(start: Callable[[Lookout], Lookout]) -> None:
    done: list[str] = []
    begun = threading.Event()

    def answer(queue: str) -> None:
        begun.set()
        sleep(0.2)
        done.append(queue)

    lookout = start(Lookout({"email"}, lambda: ["email"], answer))
    assert begun.wait(5)
    lookout.stop()
    lookout.finish()
    assert len(done) >= 1
