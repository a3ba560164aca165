"""Step: settle. One short transaction: the queue entries go (or go back), states move, and what was decided,
tried and happened is appended. The fence: entries whose lease ran out belong to somebody else and are left alone."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import SystemRandom
from time import monotonic, sleep
from uuid import UUID

import structlog
from django.db import DataError, InterfaceError, OperationalError, connection, transaction

from clarion.flows.delivery import dead_targets, endpoint_health, storable
from clarion.flows.delivery.fallback import fall_back, has_chain
from clarion.flows.delivery.judge import lost_attempt
from clarion.flows.delivery.work import Fate
from clarion.records.crashing import Point, crash_point
from clarion.records.ledger import awaiting, journal, queue
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move

PATIENCE = queue.LEASE - timedelta(seconds=5)
PAUSE_SECONDS = (0.2, 0.6)
UNSTORABLE = (DataError, UnicodeError, ValueError, OverflowError)
log = structlog.get_logger()


def settle(lease: int, fates: Sequence[Fate], now: datetime) -> int:
    """Write the fates that this lease still holds; returns how many.

    What was sent must not be sent again because the database was away for a moment: the attempt to write is repeated
    for PATIENCE, as long as the lease may still be ours. A commit that went through without our hearing of it shows as
    entries that are gone, and is not written twice. Raises the last database error after that.
    """
    if not fates:
        return 0
    deadline = monotonic() + PATIENCE.total_seconds()
    while True:
        try:
            return _settle(lease, fates, now)
        except (OperationalError, InterfaceError) as error:
            if monotonic() > deadline or connection.in_atomic_block:
                raise
            log.warning("settle_waits", lease=lease, fates=len(fates), kind=type(error).__name__)
            connection.close()
            sleep(SystemRandom().uniform(*PAUSE_SECONDS))
        except UNSTORABLE as error:
            return _settle_apart(lease, fates, now, error)


def _settle_apart(lease: int, fates: Sequence[Fate], now: datetime, error: Exception) -> int:
    """Something in one of the fates cannot be stored: the others must not be sent again for its sake. That one is
    written without the words of its provider."""
    if len(fates) > 1:
        middle = len(fates) // 2
        return sum(settle(lease, half, now) for half in (fates[:middle], fates[middle:]))
    log.error("fate_not_storable", notification=str(fates[0].work.id), kind=type(error).__name__)
    return _settle(lease, [storable.without_words(fates[0])], now)


def _settle(lease: int, fates: Sequence[Fate], now: datetime) -> int:
    with transaction.atomic():
        held = _release(lease, fates)
        ours = [fate for fate in fates if fate.work.id in held]
        moved = move([_move(fate) for fate in ours if fate.to is not None], now)
        lost = [lost_attempt(fate.work, now) for fate in ours if fate.work.abandoned]
        journal.append_attempts([*lost, *(row for fate in ours for row in fate.attempts)])
        journal.append_decisions([row for fate in ours for row in fate.decisions])
        dead_targets.retire(ours, now)
        endpoint_health.note(ours, now)
        dead_targets.count(ours, now)
        died = {fate.work.id for fate in ours if fate.to is Status.FAILED and has_chain(fate.work)}
        handed_on = fall_back(died & moved, now)
    crash_point(Point.WORKER_SETTLED)
    _tell(lease, ours, handed_on)
    if len(ours) < len(fates):
        log.warning("settle_fenced", lease=lease, left_alone=len(fates) - len(ours))
    return len(ours)


def _tell(lease: int, ours: Sequence[Fate], handed_on: set[UUID]) -> None:
    """One line a batch, and one for each dead letter, which somebody must look at."""
    if ours:
        counts = Counter(_word(fate) for fate in ours)
        log.info("settled", lane=ours[0].work.channel, lease=lease, **counts)
    for fate in ours:
        if fate.to is Status.FAILED and fate.work.id not in handed_on:
            log.warning("dead_letter", notification=str(fate.work.id), reason=fate.reason, account=fate.account)


def _word(fate: Fate) -> str:
    if fate.to is not None:
        return str(fate.to)
    return "unclear" if fate.awaits else "held" if fate.untried else "retry"


def _release(lease: int, fates: Sequence[Fate]) -> set[UUID]:
    done = [fate.work.id for fate in fates if fate.to is not None]
    back = [(fate.work.id, fate.after) for fate in fates if fate.to is None and not fate.untried and not fate.awaits]
    kept = [(fate.work.id, fate.after) for fate in fates if fate.awaits]
    untried = [(fate.work.id, fate.after) for fate in fates if fate.untried]
    held = queue.finish(lease, done) if done else set()
    held |= queue.give_back(lease, back) if back else set()
    held |= awaiting.hold(lease, kept) if kept else set()
    return held | (queue.give_back(lease, untried, untried=True) if untried else set())


def _move(fate: Fate) -> Move:
    assert fate.to is not None
    return Move(
        notification_id=fate.work.id,
        to=fate.to,
        reason=fate.reason or "",
        account=fate.account,
        remote_id=fate.remote_id,
    )
