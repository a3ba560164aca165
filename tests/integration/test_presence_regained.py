"""A worker that could not be seen for a while, or slept, and is back: what it held may be in other hands, or have
another time, and it may not touch it. Both were found by `clarion chaos simulate`."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from clarion.flows.delivery.presence import Presence
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.ledger import presence as locks
from clarion.records.ledger import queue
from clarion.records.ledger.models import QueueEntry

MARK = 78
LEASE = MARK << locks.SERIAL_BITS | 1


@pytest.mark.parametrize(("seconds", "vouched"), [(1.0, True), (6.0, False)])
def test_what_was_held_is_vouched_for_again_only_if_nobody_can_have_been_told(
    real_ground: None, monkeypatch: pytest.MonkeyPatch, seconds: float, vouched: bool
) -> None:
    presence = Presence()
    in_hand = [LEASE]
    presence._in_hand = lambda: in_hand
    settings = connection.get_connection_params()
    known: dict[str, Any] = {n: settings[n] for n in ("dbname", "user", "host", "port", "password") if settings.get(n)}
    with psycopg.connect(autocommit=True, **known) as other:
        other.execute("SELECT pg_advisory_lock(%s, %s)", [locks.LOCKS, MARK])
        monkeypatch.setattr("clarion.flows.delivery.presence.monotonic", lambda: 50.0)
        presence._keep()
    while MARK in locks.present():  # the other session's end takes a moment
        pass
    monkeypatch.setattr("clarion.flows.delivery.presence.monotonic", lambda: 50.0 + seconds)
    presence._keep()
    assert MARK in locks.present(), "it is seen again"
    assert presence.vouches_for(LEASE) is vouched
    in_hand.clear()
    presence._keep()
    assert presence._unsure == {}, "nothing is remembered of leases that are over"
    locks.keep(())


def test_who_slept_through_its_lease_cannot_undo_a_reschedule(ground: None) -> None:
    one, now = new_id(), clock.now()
    QueueEntry.objects.create(id=one, lane="email", priority=3, caller_id=one, due_at=now - timedelta(seconds=1))
    slept = queue.claim_due("email", 1).lease
    QueueEntry.objects.update(lease_until=now - timedelta(seconds=1))
    tomorrow = now + timedelta(days=1)
    assert queue.postpone(one, tomorrow)
    assert queue.give_back(slept, [(one, timedelta(0))], untried=True) == set()
    assert queue.finish(slept, [one]) == set()
    assert QueueEntry.objects.get().due_at == tomorrow
    QueueEntry.objects.update(due_at=now - timedelta(seconds=1))
    assert [entry.abandoned for entry in queue.claim_due("email", 1).entries] == [True], "that it was begun is known"
