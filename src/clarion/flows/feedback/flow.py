"""Feedback, step by step: claim → acknowledge → parse → match → apply → heed → settle.

`drain` is what the bell wakes. A callback is read by whoever has claimed it; if they die, it is due again a minute
later, and reading it twice changes nothing. A report that overtook our own record of sending waits; after GIVE_UP it is
let go.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import SystemRandom
from uuid import UUID

import structlog
from django.db import DataError, transaction

from clarion.contract.faults import ProviderFault
from clarion.contract.feedback import Kind, Malformed, Reported
from clarion.flows.delivery import bell
from clarion.flows.delivery.stopping import stopping
from clarion.flows.feedback.addresses import About, heed
from clarion.flows.feedback.apply import apply, settled
from clarion.flows.feedback.ears import accounts_of, ear_of
from clarion.flows.feedback.match import match
from clarion.records import clock
from clarion.records.accounts.book import AccountFacts
from clarion.records.crashing import Point, crash_point
from clarion.records.feedback import callbacks, reports
from clarion.records.feedback.callbacks import Read, Stored
from clarion.records.feedback.reports import Told, key_of
from clarion.records.ledger.lanes import FEEDBACK

BATCH = 200
BATCH_WAITING = 500
MOST_ATTEMPTS = 12
GIVE_UP = timedelta(hours=72)
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(hours=1)
EARLY = timedelta(minutes=5)
log = structlog.get_logger()
_rng = SystemRandom()
Accounts = dict[UUID, AccountFacts]


@dataclass(slots=True)
class _Page:
    """What one batch came to, before anything of it is written."""

    read: list[tuple[Read, list[Told]]] = field(default_factory=list)
    later: list[tuple[UUID, timedelta]] = field(default_factory=list)


def drain() -> int:
    """Read what is due until nothing is; returns how many callbacks were read here."""
    bell.answer(FEEDBACK)
    total = 0
    while not stopping.is_set():
        batch = callbacks.claim(BATCH)
        if batch:
            total += _read(batch)
        waiting = reports.claim_waiting(BATCH_WAITING)
        if waiting:
            _look_again(waiting)
        if not batch and not waiting:
            break
    return total


def _read(batch: Sequence[Stored]) -> int:
    now = clock.now()
    accounts = accounts_of({each.account_id for each in batch})
    page = _Page()
    for stored in batch:
        _parse(stored, accounts.get(stored.account_id), page)
    callbacks.postpone(page.later)
    _write(page.read, accounts, now)
    unread = sum(1 for one, _ in page.read if one.error)
    log.info("callbacks_read", read=len(page.read), reports=sum(one.reports for one, _ in page.read), unread=unread)
    return len(page.read)


def _parse(stored: Stored, account: AccountFacts | None, page: _Page) -> None:
    """What one callback says, or why it cannot be read. No transaction is open: a vendor may be called here."""
    ear = ear_of(account) if account is not None else None
    if stored.callback is None or ear is None:
        why = "its key is missing" if stored.callback is None else "its account is gone, or cannot be opened"
        page.read.append((Read(id=stored.id, error=f"{why}; replay it when that is mended"), []))
        return
    try:
        ear.acknowledge(stored.callback)
        said = ear.parse(stored.callback)
        told = [_told(stored, each) for each in said]
    except ProviderFault as fault:
        if stored.attempts < MOST_ATTEMPTS:
            page.later.append((stored.id, wait_of(stored.attempts)))
            return
        page.read.append((Read(id=stored.id, error=f"{type(fault).__name__}: {fault}"), []))
    except Malformed as error:
        log.warning("callback_malformed", callback=str(stored.id), why=str(error)[:200])
        page.read.append((Read(id=stored.id, error=f"malformed: {error}"), []))
    except Exception as bug:
        log.error("callback_parser_failed", callback=str(stored.id), kind=type(bug).__name__, exc_info=bug)
        page.read.append((Read(id=stored.id, error=f"{type(bug).__name__} in the parser; this is a bug in it"), []))
    else:
        page.read.append((Read(id=stored.id, reports=len(told)), told))


def _told(stored: Stored, reported: Reported) -> Told:
    assert stored.callback is not None
    received = stored.callback.received_at
    return Told(
        account_id=stored.account_id,
        key=key_of(reported.event_id),
        callback_id=stored.id,
        at=_moment(reported.happened_at, received),
        reported=replace(reported, remote_id=reported.remote_id.replace("\0", "")),
        since=received,
    )


def _moment(happened_at: datetime | None, received: datetime) -> datetime:
    """When it happened by the vendor's clock, unless that is ahead of ours."""
    if happened_at is None:
        return received
    aware = happened_at if happened_at.tzinfo is not None else happened_at.replace(tzinfo=UTC)
    return received if aware > received + EARLY else aware


def wait_of(attempts: int) -> timedelta:
    """The wait after so many attempts: longer each time, at most LONGEST_WAIT, ±25 %."""
    grown = min(FIRST_WAIT.total_seconds() * 3.0 ** min(attempts, 12), LONGEST_WAIT.total_seconds())
    return timedelta(seconds=grown * _rng.uniform(0.75, 1.25))


def _write(read: Sequence[tuple[Read, list[Told]]], accounts: Accounts, now: datetime) -> None:
    """All of it in one transaction; if one callback says what no column takes, each by itself."""
    if not read:
        return
    try:
        with transaction.atomic():
            _take_in([told for _, each in read for told in each], accounts, now)
            crash_point(Point.CALLBACK_APPLIED)
            callbacks.settle([one for one, _ in read], now)
    except DataError as error:
        if len(read) > 1:
            for one in read:
                _write([one], accounts, now)
            return
        log.error("callback_unwritable", callback=str(read[0][0].id), kind=type(error).__name__)
        callbacks.settle([Read(id=read[0][0].id, error="it says what cannot be stored; a bug in its parser")], now)


def _look_again(waiting: Sequence[Told]) -> None:
    accounts = accounts_of({each.account_id for each in waiting})
    now = clock.now()
    with transaction.atomic():
        known = [each for each in waiting if each.account_id in accounts]
        reports.forget_waiting([each.waiting for each in waiting if each.waiting and each.account_id not in accounts])
        _take_in(known, accounts, now)


def _take_in(told: Sequence[Told], accounts: Accounts, now: datetime) -> None:
    if not told:
        return
    reports.one_at_a_time(sorted({each.account_id for each in told}))
    matched, unknown = match(told, accounts, now)
    ready, busy = settled(matched, now)
    fresh = apply(ready, now)
    heed(
        [
            *(About(told=m.told, account=m.account, found=m.found, place=m.place) for m in fresh),
            # an address is dead whether or not we know the message that showed it
            *(About(told=each, account=accounts[each.account_id]) for each in unknown if each.waiting is None),
        ]
    )
    waiting = [m.told for m in busy] + [each for each in unknown if _names_a_message(each)]
    over = [each for each in waiting if now - each.since >= GIVE_UP]
    if over:
        log.warning("reports_unmatched", count=len(over), accounts=sorted({accounts[e.account_id].label for e in over}))
    gone = {id(each) for each in over}
    reports.wait([(each, wait_of(each.attempts)) for each in waiting if id(each) not in gone])
    reports.forget_waiting([each.waiting for each in (*over, *(m.told for m in ready)) if each.waiting])


def _names_a_message(told: Told) -> bool:
    """A reply has an id of its own, and no message of ours to wait for."""
    return told.reported.kind is not Kind.REPLIED and bool(told.reported.message_id or told.reported.remote_id)
