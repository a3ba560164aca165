"""Is it alive, is it ready, how is it doing."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import msgspec
import redis
from celery import current_app
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from kombu.exceptions import OperationalError

from clarion.flows.delivery import heartbeat
from clarion.records import clock, partitions, volatile
from clarion.records.ids import first_id_of
from clarion.records.ledger import queue
from clarion.records.ledger.lanes import lanes
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation

OLDEST_DUE_LIMIT = 120.0
HEALTH_SECONDS = 5.0
READY_SECONDS = 1.0
UNREADY_SECONDS = 0.1
T = TypeVar("T")


class Remembered(Generic[T]):
    """The last answer, for a moment and per process: anybody may ask, and asking must not cost the database a count
    each time. While one asks anew, the others wait for the answer."""

    def __init__(self, ask: Callable[[], T], seconds: Callable[[T], float]) -> None:
        self._ask, self._seconds = ask, seconds
        self._lock = threading.Lock()
        self._answer: T | None = None
        self._until = float("-inf")

    def get(self) -> T:
        """The answer, at most as old as `seconds` says."""
        with self._lock:
            if self._answer is None or time.monotonic() >= self._until:
                self._answer = self._ask()
                self._until = time.monotonic() + self._seconds(self._answer)
            return self._answer

    def clear(self) -> None:
        """Ask anew the next time (tests)."""
        with self._lock:
            self._answer = None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at; the detail says what to do when it is not well."""

    name: str
    ok: bool
    detail: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """`status` is ready or unready."""

    status: str
    checks: list[Check]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Notifications of a period: taken in, sent (or further), ended without delivery."""

    total: int
    sent: int
    failed: int


class Periods(msgspec.Struct, frozen=True, kw_only=True):
    """The last hour and the last day."""

    last_hour: Counts
    last_day: Counts


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Status and counts, as in the e-commerce document; `queue` is what waits."""

    status: str
    notifications: Periods
    checks: list[Check]


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "answers"


def _partitions() -> str:
    names = partitions.existing("ledger_notification")
    wanted = f"ledger_notification_p{partitions.week_of(clock.now() + timedelta(days=7)):%Y%m%d}"
    if wanted not in names:
        raise NotReady("next week's partitions are missing: run `clarion migrate`, and see that `clarion beat` runs")
    return f"{len(names)} weeks"


def _redis() -> str:
    volatile.connection().ping()
    return "answers"


def _broker() -> str:
    with current_app.connection_for_write() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
    return "answers"


def _workers() -> str:
    seen = heartbeat.seen("worker")
    served = set().union(*seen.values()) if seen else set()
    missing = [lane for lane in lanes() if lane not in served]
    if missing:
        raise NotReady(f"no worker for {', '.join(missing)} seen lately: start `clarion worker`")
    return f"{len(seen)} seen, all lanes served"


def _beat() -> str:
    seen = heartbeat.seen("beat")
    if not seen:
        raise NotReady("no scheduler seen lately: start `clarion beat`")
    return f"{len(seen)} seen"


def _oldest_due() -> str:
    seconds = queue.oldest_due_seconds()
    if seconds > OLDEST_DUE_LIMIT:
        raise NotReady(f"work has been due for {seconds:.0f} s: start more workers, or see GET /providers")
    return f"{seconds:.1f} s"


class NotReady(Exception):
    """A check that found something wrong; the text says what to do."""


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "partitions": _partitions,
    "redis": _redis,
    "broker": _broker,
    "workers": _workers,
    "scheduler": _beat,
    "oldest_due": _oldest_due,
}


def _run(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name=name, ok=True, detail=check())
    except NotReady as problem:
        return Check(name=name, ok=False, detail=str(problem))
    except (DatabaseError, InterfaceError, redis.RedisError, OperationalError, OSError) as error:
        return Check(name=name, ok=False, detail=f"does not answer ({type(error).__name__})")


def run_checks() -> list[Check]:
    """All checks, each by itself."""
    return [_run(name, check) for name, check in CHECKS.items()]


def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse(b'{"status":"alive"}', content_type="application/json")


def ready(request: HttpRequest) -> HttpResponse:
    """Everything needed answers and work flows; 503 with the reasons otherwise."""
    found = readiness.get()
    status = 200 if found.status == "ready" else 503
    return HttpResponse(msgspec.json.encode(found), status=status, content_type="application/json")


def _readiness() -> Readiness:
    checks = run_checks()
    return Readiness(status="ready" if all(check.ok for check in checks) else "unready", checks=checks)


# what starts is asked often, and waits for the answer to turn
readiness = Remembered(_readiness, lambda found: READY_SECONDS if found.status == "ready" else UNREADY_SECONDS)


def _counts(since: datetime) -> Counts:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE status IN ('sent', 'delivered', 'read')),"
            " count(*) FILTER (WHERE status = 'failed') FROM ledger_notification WHERE id >= %s",
            [first_id_of(since)],
        )
        total, sent, failed = cursor.fetchone()
    return Counts(total=total, sent=sent, failed=failed)


def _health() -> Health:
    checks = run_checks()
    now = clock.now()
    periods = Periods(last_hour=_counts(now - timedelta(hours=1)), last_day=_counts(now - timedelta(days=1)))
    status = "healthy" if all(check.ok for check in checks) else "degraded"
    return Health(status=status, notifications=periods, checks=checks)


health = Remembered(_health, lambda _: HEALTH_SECONDS)


class HealthView(Endpoint):
    tag = "health"

    @operation(permission=Open.ANYONE, answers={200: Health})
    def get(self, call: Call) -> Answer:
        """Show status, checks and the counts of the last hour and day; a few seconds old at most."""
        return Answer(value=health.get())
