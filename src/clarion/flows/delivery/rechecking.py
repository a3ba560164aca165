"""Looking again at what waits for people whose wishes or clock changed: what their quiet hours held is due at once, so
that the gate judges it anew, and what lies in a window that they would not choose any more is let go, and goes through
the gate like anything that is due. So a change takes effect on what waits within some seconds.

The scheduler asks. The wish to look again was stored with the change (records/digests/rechecks.py), and goes with the
transaction that looked, so none is lost, whoever dies when.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from time import monotonic
from uuid import UUID

import structlog
from django.db import transaction

from clarion.contract.reasons import Reason
from clarion.flows.delivery import bell
from clarion.flows.delivery.digest_template import DIGEST
from clarion.records import clock
from clarion.records.digests import rechecks, windows
from clarion.records.digests.models import Kind, Window
from clarion.records.ledger import journal, queue
from clarion.records.ledger.rows import DecisionRow, Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts

PEOPLE = 50
ROWS = 500
ROUNDS_A_TICK = 10
TICK_SECONDS = 2.0
DIGESTS = (Kind.HOURLY, Kind.DAILY, Kind.WEEKLY)
log = structlog.get_logger()


def recheck() -> int:
    """Look again where that was asked for; returns how many people it were. What is left comes with the next one."""
    total, until = 0, monotonic() + TICK_SECONDS
    for _ in range(ROUNDS_A_TICK):
        count = _round(clock.now())
        total += count
        if count < PEOPLE or monotonic() > until:
            break
    return total


def _round(now: datetime) -> int:
    with transaction.atomic():
        due = rechecks.lock_due(PEOPLE, now)
        if not due:
            return 0
        users = [row.user_id for row in due]
        freed = queue.make_due_again(users, Reason.QUIET_HOURS)
        left = _look_at_windows(users, now)
        rechecks.looked_at([row for row in due if row.user_id not in left], now)
        bell.ring_after_commit(freed)
    return len(due)


def _look_at_windows(users: Collection[UUID], now: datetime) -> set[UUID]:
    """Let go what their windows should not hold any more; returns those with more of it than fits into one round."""
    windows.wait_no_more(users)
    open_ones = windows.lock_open(users, DIGESTS, now)
    within = windows.categories_of(open_ones)
    people = facts.load(users, {one for ids in within.values() for one in ids}) if open_ones else {}
    more = set()
    for window in open_ones:
        person = people.get(window.user_id)
        wrong = [one for one in within.get(window.id, []) if not _belongs(window, one, person, now)]
        if wrong and _let_go(window, wrong, people, now) == ROWS:
            more.add(window.user_id)
        windows.remove_if_empty(window)
    return more


def _belongs(window: Window, category_id: int, person: PersonFacts | None, now: datetime) -> bool:
    """Whether the person would have this category in this window if it came now."""
    if person is None or not person.active:
        return False
    wishes = person.wishes_for(category_id)
    if wishes.digest is None or wishes.digest.frequency != window.kind:
        return False
    return wishes.digest.window(now, wishes.zone)[2] == window.closes_at


def _let_go(window: Window, categories: Collection[int], people: Mapping[UUID, PersonFacts], now: datetime) -> int:
    """Queue what was collected of these categories again; of somebody who is gone it stays `digested`, untold."""
    ids = windows.release(window, categories, ROWS)
    if window.user_id not in people:
        return len(ids)
    moved = move([Move(notification_id=one, to=Status.PENDING) for one in ids], now, event="released")
    queue.put_back_many(moved, now)
    journal.append_decisions(
        DecisionRow(
            notification_id=one,
            at=now,
            stage="gate",
            rule=DIGEST,
            outcome="release",
            detail=f"the {window.kind} digest does not hold it any more: the recipient's wishes changed",
        )
        for one in moved
    )
    bell.ring_after_commit([window.channel])
    log.info("digest_released", window=str(window.id), items=len(moved))
    return len(ids)
