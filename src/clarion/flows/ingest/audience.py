"""Bulk to everybody a filter matches, and the worker's part of all jobs. The audience is frozen at the call (no newer
person than `until`), then taken in page by page: the cursor moves in the same transaction as the page's rows, so a
crash repeats nothing and leaves nobody out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import QuerySet

from clarion.contract.input_error import InputError
from clarion.flows.delivery import bell
from clarion.flows.delivery.stopping import stopping
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.bulk import CHUNK, Intake, Recipient, begin, take_chunk
from clarion.flows.ingest.plans import new_job, plan_of, resumed
from clarion.flows.ingest.uploads import take_page
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.ledger import bulk_store
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.lanes import JOBS
from clarion.records.ledger.models import Job
from clarion.records.people.models import User
from clarion.records.personal.envelope import Undecryptable

EQUAL = ("is_active", "locale", "timezone", "external_id")
log = structlog.get_logger()


def people_matching(filters: Mapping[str, Any]) -> QuerySet[User]:
    """The people a filter means: equality of plain fields, of attributes, membership of preferred channels."""
    rows = User.objects.filter(**{name: filters[name] for name in EQUAL if name in filters})
    for name, value in filters.get("attributes", {}).items():
        rows = rows.filter(attributes__contains={name: value})
    if "preferred_channel" in filters:
        rows = rows.filter(preferred_channels__contains=[filters["preferred_channel"]])
    return rows


def accept_audience(asked: Send, filters: Mapping[str, Any], now: datetime) -> tuple[UUID, int]:
    """Take the job; its people follow. Returns its id and how many the filter matches now. Raises InputError."""
    intake = begin(asked, now)
    total = people_matching(filters).count()
    if total == 0:
        raise InputError("empty_audience", "the filter matches nobody", pointer="/user_filters")
    with transaction.atomic():
        bulk_store.open_request(intake.request)
        job = new_job(intake, filters, total, now, until=new_id())
        job.save()
        bell.ring_after_commit([JOBS])
    return job.id, total


def take_in_all() -> int:
    """Go on with every running job, a page of each in turn, until none is left; returns the number of pages. A job that
    another worker is busy with is left to it, and one that meets a fault is left to the next call."""
    pages = 0
    waiting = _running()
    while waiting and not stopping.is_set():
        waiting = [job_id for job_id in waiting if not stopping.is_set() and _try_page(job_id)]
        pages += len(waiting)
    return pages


def _running() -> list[UUID]:
    return list(Job.objects.filter(state=JobState.RUNNING).order_by("id").values_list("id", flat=True))


def _try_page(job_id: UUID) -> bool:
    """A door: one job's fault is told and holds up no other job. Only a database that is gone ends the round."""
    try:
        return _next_page(job_id)
    except Exception as error:
        if isinstance(error, (DatabaseError, InterfaceError)) and not connection.is_usable():
            raise
        log.exception("job_passed_over", job=str(job_id), kind=type(error).__name__)
        return False


def _next_page(job_id: UUID) -> bool:
    """Take in one page; False when the job is done, cancelled, cannot be read, or is in other hands."""
    now = clock.now()
    with transaction.atomic():
        job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, state=JobState.RUNNING).first()
        if job is None:
            return False
        try:
            with transaction.atomic():  # a page that cannot be read is not taken half
                plan = plan_of(job)
                intake = resumed(job, plan)
                filters = plan.filters
                more = take_page(job, intake, now) if filters is None else _take_people(job, intake, filters, now)
        except (Undecryptable, msgspec.DecodeError) as error:
            # of another version of Clarion, or its key is gone: no later try can read it
            fault = str(error) if isinstance(error, Undecryptable) else type(error).__name__
            log.error("job_unreadable", job=str(job.id), fault=fault)
            Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, finished_at=now)
            return False
        _count(job, intake, more, now)
    return more


def _take_people(job: Job, intake: Intake, filters: Mapping[str, Any], now: datetime) -> bool:
    rows = people_matching(filters).filter(pk__lte=job.until).order_by("pk")
    ids = list((rows.filter(pk__gt=job.cursor) if job.cursor else rows).values_list("pk", flat=True)[:CHUNK])
    if not ids:
        return False
    taken = job.accepted + job.rejected
    take_chunk(intake, [Recipient(user_id=one, place=taken + offset) for offset, one in enumerate(ids)], now)
    job.cursor = ids[-1]
    return True


def _count(job: Job, intake: Intake, more: bool, now: datetime) -> None:
    job.accepted, job.rejected = intake.accepted, intake.rejected
    bell.ring_after_commit(intake.lanes)
    if not more:
        job.state, job.finished_at, job.total = JobState.ACCEPTED, now, job.accepted + job.rejected
        log.info("bulk_accepted", job=str(job.id), accepted=job.accepted, rejected=job.rejected)
    job.save()
