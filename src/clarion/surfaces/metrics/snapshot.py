"""What a scrape shows, read from the records and remembered for a moment, so that no number of scrapes loads the
database. What the figures are called is in families.py."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Generic, TypeVar

from django.conf import settings

from clarion.records import clock
from clarion.records.accounts import figures as accounts
from clarion.records.accounts.figures import AccountState
from clarion.records.feedback import figures as feedback
from clarion.records.feedback.figures import CallbackFigures
from clarion.records.ledger import figures as ledger
from clarion.records.ledger.figures import QueueFigures
from clarion.records.pacing.breaker import Phase
from clarion.records.pacing.breakers import breakers
from clarion.records.reputation.models import Standing
from clarion.records.sms_safety import spend
from clarion.records.suppression import figures as suppression
from clarion.surfaces.api.health import Remembered

FRESH_SECONDS = 2.0
SUPPRESSION_SECONDS = 60.0
COST_SHARE = 0.05
"""Slow statements are asked less often, so that they take no more than this share of the time…"""
LONGEST = 10
"""…but not less often than this many times what is usual."""
MOST_STANDINGS = 2_000
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsDay:
    """What today's (UTC) text messages came to."""

    messages: int
    segments: int
    cost_micro: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One moment. `circuits` None: Redis is away. `standings` is empty when there is no reputation guard."""

    queue: QueueFigures
    accounts: Sequence[AccountState]
    circuits: Mapping[str, Phase] | None
    standings: Sequence[Standing]
    callbacks: CallbackFigures
    sms: SmsDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed(Generic[T]):
    """An answer, and how long it took."""

    value: T
    seconds: float


def _rest(least: float) -> Callable[[Timed[T]], float]:
    return lambda found: min(max(least, found.seconds / COST_SHARE), least * LONGEST)


def _read() -> Timed[Snapshot]:
    begun = time.monotonic()
    known = accounts.states()
    labels = [each.label for each in known]
    queue, standings, callbacks, sms = ledger.read(), _standings(labels), feedback.read(), _sms()
    seconds = time.monotonic() - begun  # without Redis: waiting for one that stalls costs the database nothing
    seen = breakers.look_shared(labels)
    snapshot = Snapshot(
        queue=queue,
        accounts=known,
        circuits=None if seen is None else {label: view.phase for label, view in seen.items()},
        standings=standings,
        callbacks=callbacks,
        sms=sms,
    )
    return Timed(value=snapshot, seconds=seconds)


def _suppressed() -> Timed[Mapping[tuple[str, str], int]]:
    begun = time.monotonic()
    found = suppression.standing()
    return Timed(value=found, seconds=time.monotonic() - begun)


def _standings(labels: Sequence[str]) -> list[Standing]:
    """Of accounts that are there still; one that the guard no longer looks at would show its last rates for ever."""
    if settings.REPUTATION is None:
        return []
    return list(Standing.objects.filter(account__in=labels).order_by("account", "category_id")[:MOST_STANDINGS])


def _sms() -> SmsDay:
    rows = spend.of_day(clock.now().astimezone(UTC).date())
    return SmsDay(
        messages=sum(row.messages for row in rows),
        segments=sum(row.segments for row in rows),
        cost_micro=sum(row.cost_micro for row in rows),
    )


current = Remembered(_read, _rest(FRESH_SECONDS))
suppressed = Remembered(_suppressed, _rest(SUPPRESSION_SECONDS))
