"""Is it alive, is it ready, how is it doing."""

from collections.abc import Callable
from datetime import datetime, timedelta

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
    checks = run_checks()
    well = all(check.ok for check in checks)
    body = msgspec.json.encode(Readiness(status="ready" if well else "unready", checks=checks))
    return HttpResponse(body, status=200 if well else 503, content_type="application/json")


def _counts(since: datetime) -> Counts:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE status IN ('sent', 'delivered', 'read')),"
            " count(*) FILTER (WHERE status = 'failed') FROM ledger_notification WHERE id >= %s",
            [first_id_of(since)],
        )
        total, sent, failed = cursor.fetchone()
    return Counts(total=total, sent=sent, failed=failed)


class HealthView(Endpoint):
    tag = "health"

    @operation(permission=Open.ANYONE, answers={200: Health})
    def get(self, call: Call) -> Answer:
        """Show status, checks and the counts of the last hour and day."""
        checks = run_checks()
        now = clock.now()
        periods = Periods(last_hour=_counts(now - timedelta(hours=1)), last_day=_counts(now - timedelta(days=1)))
        status = "healthy" if all(check.ok for check in checks) else "degraded"
        return Answer(value=Health(status=status, notifications=periods, checks=checks))
