"""Delivery, step by step: pace → claim → load → set apart → gate → online → limits → caps → render → address → SMS
safety → send → settle.

`drain` is what a doorbell wakes. A channel's lane has two slots in a worker process: one takes everything, and while it
is busy with a long batch the other takes critical and high priority only, so that those never wait behind it. A bulk
lane has one. Every FAIR_TURN-th claim of a slot goes to what has waited longest, so that low priority never starves.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import SystemRandom
from threading import Lock
from time import monotonic
from uuid import UUID

import structlog
from django.db import DatabaseError, InterfaceError

from clarion.flows.delivery import bell, sms_safety
from clarion.flows.delivery.address import Addressed
from clarion.flows.delivery.capping import cap
from clarion.flows.delivery.carriers import Carriers
from clarion.flows.delivery.gate import gate
from clarion.flows.delivery.judge import judge
from clarion.flows.delivery.leases import keeper
from clarion.flows.delivery.limits import limit
from clarion.flows.delivery.load import load
from clarion.flows.delivery.online import without_those_online
from clarion.flows.delivery.pace import room
from clarion.flows.delivery.prepare import prepare
from clarion.flows.delivery.presence import presence
from clarion.flows.delivery.send import Heard, send
from clarion.flows.delivery.settle import settle
from clarion.flows.delivery.stopping import stopping
from clarion.flows.delivery.unclear import HandOver, set_apart
from clarion.flows.delivery.work import Fate, Work
from clarion.records import clock
from clarion.records.crashing import Point, crash_point
from clarion.records.ledger import queue
from clarion.records.ledger.lanes import channel_of, is_bulk, lanes
from clarion.records.ledger.queue import Batch

BATCH = 500
SETTLE_EVERY = 500
SETTLE_SECONDS = 1.0
URGENT = (1, 2)
FAIR_TURN = 5
STARVING = timedelta(seconds=60)
NOTHING = Batch(lease=0, entries=())
log = structlog.get_logger()


@dataclass(slots=True)
class Slot:
    """One worker slot of a lane: a lock, the priorities it takes, its open accounts, and whether a bell came while
    it was busy."""

    lane: str
    priorities: Sequence[int]
    carriers: Carriers
    lock: Lock = field(default_factory=Lock)
    rung: bool = False
    turn: int = 0


def _slots_of(lane: str) -> tuple[Slot, ...]:
    key = channel_of(lane)
    ordinary = Slot(lane=lane, priorities=queue.PRIORITIES, carriers=Carriers(key, bulk=is_bulk(lane)))
    return (ordinary,) if is_bulk(lane) else (ordinary, Slot(lane=lane, priorities=URGENT, carriers=Carriers(key)))


_slots = {lane: _slots_of(lane) for lane in lanes()}


def drain(lane: str) -> int:
    """Deliver what is due in the lane until nothing is; returns how many were settled here. A bell that finds both
    slots busy is remembered by them, so no work waits for the next tick."""
    bell.answer(lane)
    crash_point(Point.WORKER_WOKEN)
    settled = 0
    for slot in _slots[lane]:
        slot.rung = True
        while slot.rung and not stopping.is_set() and slot.lock.acquire(blocking=False):
            try:
                settled += _work_off(slot)
            finally:
                slot.carriers.empty_purses()
                slot.lock.release()
    return settled


def _work_off(slot: Slot) -> int:
    settled = 0
    while not stopping.is_set():
        slot.rung = False
        # what is claimed without being sure would go back at once, for ever
        most = room(slot.carriers, BATCH) if presence.is_sure else 0
        batch = _claim(slot, most) if most else NOTHING
        if not batch.entries:
            break
        if len(batch.entries) == BATCH:
            bell.ring([slot.lane])
        settled += deliver(batch, slot.carriers)
    return settled


def _claim(slot: Slot, most: int) -> Batch:
    slot.turn += 1
    if slot.turn % FAIR_TURN == 0:
        waited = queue.claim_due(slot.lane, most, priorities=slot.priorities[::-1], age=STARVING, mark=presence.mark)
        if waited.entries:
            return waited
    return queue.claim_due(slot.lane, most, priorities=slot.priorities, mark=presence.mark)


def deliver(batch: Batch, carriers: Carriers) -> int:
    """Take one claimed batch through all steps; returns how many were settled."""
    with keeper.holding(batch.lease, batch.asked_at):
        now = clock.now()
        crash_point(Point.WORKER_CLAIMED)
        work = load(batch.entries)
        _drop_stale(batch, {item.id for item in work})
        clear, unclear = set_apart(work, now)
        allowed, stopped = gate(clear, now)
        away, at_hand = without_those_online(allowed, now)
        timely, over = limit(away, now)
        within, capped = cap(timely, now)
        addressed, unfit = prepare(within, now)
        spending, unsafe = sms_safety.check(addressed, now)
        settled = settle(batch.lease, [*unclear, *stopped, *at_hand, *over, *capped, *unfit, *unsafe], now)
        works = [item.work for item in spending.allowed]
        hand_over = HandOver(batch.lease, works, lambda: keeper.may_begin(batch.lease))
        for ready in _sent(spending.allowed, carriers, hand_over):
            crash_point(Point.WORKER_UNSETTLED)
            settled += settle(batch.lease, ready, clock.now())
            spending.keep(ready)
        spending.give_back_rest()
        if hand_over.kept_back:
            _let_go(batch.lease, [work for work in works if str(work.id) not in hand_over.begun])
    return settled


def _let_go(lease: int, works: Sequence[Work]) -> None:
    """What was not begun (we are asked to stop, or can no longer be sure of the lease) is due for others at once; the
    scheduler rings. What was held meanwhile has gone back by its own way and is left alone."""
    if works and (back := queue.give_back(lease, [(work.id, timedelta(0)) for work in works], untried=True)):
        log.info("given_back", lease=lease, entries=len(back))


def _drop_stale(batch: Batch, live: set[UUID]) -> None:
    """Entries whose notification is no longer waiting (cancelled, ended) leave the queue."""
    stale = [entry.id for entry in batch.entries if entry.id not in live]
    if stale:
        queue.finish(batch.lease, stale)


def _sent(addressed: Sequence[Addressed], carriers: Carriers, hand_over: HandOver) -> Iterator[list[Fate]]:
    """Fates in small groups as outcomes come in, so that a crash leaves little unsettled."""
    started = clock.now()
    rng = SystemRandom()
    open_work = {item.messages[0].notification_id: item for item in addressed}
    heard: dict[str, list[Heard]] = {}
    ready: list[Fate] = []
    since = monotonic()
    try:
        for told in send([m for item in addressed for m in item.messages], carriers, started, hand_over):
            key = told.message.notification_id
            heard.setdefault(key, []).append(told)
            if len(heard[key]) == len(open_work[key].messages):
                ready.append(judge(open_work[key].work, heard.pop(key), started, clock.now(), rng))
            if len(ready) >= SETTLE_EVERY or (ready and monotonic() - since > SETTLE_SECONDS):
                yield ready
                ready, since = [], monotonic()
    except (DatabaseError, InterfaceError):
        # what was told is written as soon as it can be; the rest is let go
        if ready:
            yield ready
        raise
    if ready:
        yield ready
