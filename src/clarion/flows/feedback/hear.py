"""The door for callbacks: who is meant, is it true, keep it. What it says is read by a worker (flow.py)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import structlog

from clarion.contract.faults import ProviderFault
from clarion.contract.feedback import Callback, Forged
from clarion.contract.rate import Rate
from clarion.flows.delivery import bell
from clarion.flows.feedback.ears import account_behind, ear_of
from clarion.records.accounts.book import AccountFacts
from clarion.records.crashing import Point, crash_point
from clarion.records.feedback import callbacks
from clarion.records.ledger.lanes import FEEDBACK
from clarion.records.pacing.gcra import paced
from clarion.records.pacing.tokens import tokens
from clarion.records.personal.envelope import Undecryptable

LARGEST_BYTES = 2_000_000
"""SendGrid sends up to 1 MB of events at a time, SNS 256 kB."""
LIMIT = paced(Rate(count=2_000, seconds=1), 10_000)
log = structlog.get_logger()


class Answer(StrEnum):
    """TAKEN: it is durable. UNKNOWN and FORGED are answered alike. LATER: it cannot be checked now; TOO_MANY: the
    account is called too often; either way the vendor is to come again."""

    TAKEN = "taken"
    UNKNOWN = "unknown"
    FORGED = "forged"
    LATER = "later"
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What to answer; `after`: when to come again."""

    answer: Answer
    after: timedelta = timedelta(0)


def hear(provider: str, token: str, callback: Callback) -> Heard:
    """Verify and keep a callback. Nothing is stored unless it is proved to be the vendor's."""
    try:
        account = account_behind(provider, token, callback.received_at)
    except Undecryptable as error:
        log.error("account_unreadable", provider=provider, fault=str(error))
        return Heard(answer=Answer.LATER)
    if account is None:
        return Heard(answer=Answer.UNKNOWN)
    grant = tokens.take(f"hooks:{account.id}", LIMIT, 1)
    if not grant.count:
        return Heard(answer=Answer.TOO_MANY, after=timedelta(seconds=grant.wait))
    return _kept(account, callback)


def _kept(account: AccountFacts, callback: Callback) -> Heard:
    try:
        ear = ear_of(account)
        if ear is None:
            return Heard(answer=Answer.LATER)
        ear.verify(callback)
    except Forged as error:
        log.warning("callback_forged", account=account.label, why=str(error)[:200])
        return Heard(answer=Answer.FORGED)
    except ProviderFault as error:
        log.warning("callback_unverifiable", account=account.label, why=str(error)[:200])
        return Heard(answer=Answer.LATER)
    stored = callbacks.store(account.id, callback)
    crash_point(Point.CALLBACK_KEPT)
    bell.ring_after_commit([FEEDBACK])
    log.debug("callback_taken", account=account.label, callback=str(stored), bytes=len(callback.body))
    return Heard(answer=Answer.TAKEN)
