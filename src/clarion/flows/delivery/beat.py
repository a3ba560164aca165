"""The scheduler: small ticks, each harmless when doubled. Several may run; an advisory lock makes one the leader.

It rings for lanes that have due work nobody holds: work whose bell was lost, work scheduled for now, work whose
worker died (its lease ran out, or was ended because the worker is gone). Nothing depends on Redis remembering anything.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from clarion.flows.delivery import bell, heartbeat, subscribers
from clarion.flows.delivery.grouping import send_groups
from clarion.flows.delivery.presence import Roll
from clarion.flows.delivery.rechecking import recheck
from clarion.flows.delivery.unread import hand_on_due
from clarion.flows.inbox import flow as inbox
from clarion.records import clock, partitions
from clarion.records.access import tokens
from clarion.records.crashing import Point, crash_point
from clarion.records.feedback import callbacks
from clarion.records.ledger import queue
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.lanes import FEEDBACK, JOBS
from clarion.records.ledger.models import Job
from clarion.records.lists import store as lists
from clarion.records.outbox import store as outbox
from clarion.records.preferences import slots
from clarion.records.reputation import guard
from clarion.records.suppression import strikes

LEADER_LOCK = 4_207_001
# so long a tick rests at least that ended in a fault
FAULT_SECONDS = 5.0
KEYS_LIFE = timedelta(weeks=1)
roll = Roll()
log = structlog.get_logger()


@dataclass(slots=True)
class Tick:
    """Something to do every so often."""

    name: str
    every_seconds: float
    act: Callable[[], object]
    due: float = 0.0


def waiting() -> list[str]:
    """Every lane with due work that nobody holds, JOBS when there are audiences that are not all in, and
    FEEDBACK when vendors reported something that is not read."""
    jobs = [JOBS] if Job.objects.filter(state=JobState.RUNNING).exists() else []
    feedback = [FEEDBACK] if callbacks.any_due() else []
    return [*queue.lanes_due(), *jobs, *feedback]


def free_lost() -> None:
    """End the leases of workers that are gone."""
    roll.call(time.monotonic())


def ring_due() -> None:
    """Ring where work waits."""
    due = waiting()
    if due:
        crash_point(Point.BEAT_FOUND_DUE)
    bell.ring(due)


def drop_old() -> None:
    """Drop whole weeks: idempotency keys after two, everything else after CLARION_RETENTION_DAYS, if that is set."""
    now = clock.now()
    dropped = partitions.drop_before(now - KEYS_LIFE, ["ledger_idempotency"])
    if settings.RETENTION_DAYS:
        dropped += partitions.drop_before(now - timedelta(days=settings.RETENTION_DAYS))
    if dropped:
        log.info("partitions_dropped", names=dropped)


def judge_reputations() -> None:
    """Warn of accounts that burn the sender's name, and pause them."""
    if settings.REPUTATION is not None:
        guard.evaluate(settings.REPUTATION, clock.now())


def ticks() -> list[Tick]:
    """The static schedule."""
    return [
        Tick("free_lost", 1.0, free_lost),
        Tick("ring_due", 1.0, ring_due),
        Tick("hand_on_due", 1.0, hand_on_due),
        Tick("tell_subscribers", 1.0, lambda: subscribers.tell(clock.now())),
        Tick("recheck", 1.0, recheck),
        Tick("wake_snoozed", 1.0, lambda: inbox.wake(clock.now())),
        Tick("send_groups", 1.0, send_groups),
        Tick("ensure_partitions", 3600.0, lambda: partitions.ensure(clock.now())),
        Tick("drop_old_partitions", 3600.0, drop_old),
        Tick("forget_refresh_tokens", 3600.0, lambda: tokens.forget_expired(clock.now())),
        Tick("trim_outbox", 300.0, outbox.trim),
        Tick("judge_reputations", 30.0, judge_reputations),
        Tick("forget_soft_bounces", 3600.0, lambda: strikes.forget(clock.now())),
        Tick("forget_slots", 600.0, lambda: slots.sweep(clock.now())),
        Tick("forget_unconfirmed", 600.0, lambda: lists.forget_unconfirmed(clock.now())),
    ]


def run() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("beat_started")
    schedule = ticks()
    while not stop.is_set():
        heartbeat.beat("beat", [])
        _turn(schedule)
        stop.wait(0.5)
    connection.close()
    log.info("beat_stopped")


def _turn(schedule: list[Tick]) -> None:
    try:
        if not _leads():
            roll.forget()
            return
        for tick in schedule:
            if time.monotonic() >= tick.due:
                tick.due = time.monotonic() + tick.every_seconds
                _act(tick)
    except (DatabaseError, InterfaceError) as error:
        log.warning("beat_without_database", kind=type(error).__name__)
        roll.forget()
        connection.close()


def _act(tick: Tick) -> None:
    """A door: a tick's fault is told and stops no other tick. Only a database that is gone ends the turn."""
    try:
        tick.act()
    except Exception as error:
        if isinstance(error, (DatabaseError, InterfaceError)) and not connection.is_usable():
            raise
        log.exception("tick_failed", tick=tick.name, kind=type(error).__name__)
        tick.due = time.monotonic() + max(tick.every_seconds, FAULT_SECONDS)


def _leads() -> bool:
    """Whether this process holds the lock; it is held as long as the connection lives."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            " AND objid = %s) OR pg_try_advisory_lock(%s)",
            [LEADER_LOCK, LEADER_LOCK],
        )
        return bool(cursor.fetchone()[0])
