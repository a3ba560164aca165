"""A presence whose looks stay out: the database does not answer, or its thread met a fault. Nothing is vouched for."""

import threading
from collections.abc import Collection
from time import monotonic, sleep

import pytest

from clarion.flows.delivery import flow
from clarion.flows.delivery import presence as module
from clarion.flows.delivery.presence import DOUBT_SECONDS, SECONDS, Presence
from clarion.records.ledger import presence as locks


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.1)
    monkeypatch.setattr(module, "DOUBT_SECONDS", 0.2)


def soon(wanted: bool, presence: Presence, lease: int) -> bool:
    until = monotonic() + 5
    while presence.vouches_for(lease) is not wanted and monotonic() < until:
        sleep(0.01)
    return presence.vouches_for(lease) is wanted


def test_nothing_is_vouched_for_while_a_look_hangs(quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    answering = threading.Event()
    answering.set()

    def keep(marks: Collection[int]) -> set[int]:
        answering.wait(10)
        return set(marks)

    monkeypatch.setattr(locks, "keep", keep)
    presence = Presence()
    presence.start(list)
    lease = presence.mark << locks.SERIAL_BITS | 1
    try:
        sleep(0.5)
        assert presence.vouches_for(lease)
        answering.clear()
        assert soon(False, presence, lease)
        assert not presence.is_sure
        assert presence.vouches_for(7), "an unmarked lease is nobody's business here"
        answering.set()
        assert soon(True, presence, lease), "the session that holds the lock lived on"
    finally:
        answering.set()
        presence.stop()


def test_a_look_that_fails_in_a_way_nobody_thought_of_is_not_the_last(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [RuntimeError("unheard of"), KeyError("nor this")]

    def keep(marks: Collection[int]) -> set[int]:
        if faults:
            raise faults.pop()
        return set(marks)

    monkeypatch.setattr(locks, "keep", keep)
    presence = Presence()
    presence.start(list)
    try:
        sleep(0.6)
        assert faults == []
        assert presence.vouches_for(presence.mark << locks.SERIAL_BITS | 1)
    finally:
        presence.stop()


def test_a_look_that_hung_and_then_failed_loses_what_was_held_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    now = [50.0]
    answers: list[Exception | None] = [None, OperationalError(), None]

    def keep(marks: Collection[int]) -> set[int]:
        answer = answers.pop(0)
        if answer is not None:
            now[0] += 9.0
            raise answer
        return set(marks)

    monkeypatch.setattr(module, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.connection, "close", lambda: None)
    monkeypatch.setattr(locks, "keep", keep)
    presence = Presence()
    presence._in_hand = lambda: [lease]
    presence.renew()
    lease = presence.mark << locks.SERIAL_BITS | 1
    for _ in range(2):
        presence._keep()
        now[0] += SECONDS
    assert not presence.vouches_for(lease)
    presence._keep()
    assert not presence.vouches_for(lease), "others may have been told meanwhile"
    assert presence.vouches_for(presence.mark << locks.SERIAL_BITS | 2)


def test_who_is_not_sure_of_its_presence_claims_nothing(ground: None, monkeypatch: pytest.MonkeyPatch) -> None:
    presence = Presence()
    presence.renew()
    presence._kept_at = monotonic() - SECONDS - DOUBT_SECONDS
    monkeypatch.setattr(flow, "presence", presence)
    claims: list[int] = []
    monkeypatch.setattr(flow, "_claim", lambda *_: claims.append(1))
    assert flow.drain("email") == 0
    assert claims == []
