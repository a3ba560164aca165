"""Bulk to everybody a filter matches. The audience is frozen at the call (no newer person than `until`), then taken in
page by page by a worker: the cursor moves in the same transaction as the page's rows, so a crash repeats nothing and
leaves nobody out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import QuerySet

from clarion.contract.input_error import InputError
from clarion.flows.delivery import bell
from clarion.flows.delivery.stopping import stopping
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.bulk import CHUNK, Intake, Recipient, begin, take_chunk
from clarion.flows.ingest.content import Subject
from clarion.records import clock
from clarion.records.ids import new_id
from clarion.records.ledger import bulk_store
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.lanes import JOBS
from clarion.records.ledger.models import Job
from clarion.records.ledger.rows import NewRequest
from clarion.records.people.models import User
from clarion.records.personal.envelope import Undecryptable, place_of
from clarion.records.personal.ring import ring

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
        job = Job(
            id=intake.request.id,
            caller_kind=asked.caller.kind,
            caller_id=asked.caller.id,
            state=JobState.RUNNING,
            until=new_id(),
            total=total,
            created_at=now,
        )
        job.plan_sealed = ring().seal(_plan(intake, filters), place_of("ledger_job", job.id, "plan_sealed"))
        job.save()
        bell.ring_after_commit([JOBS])
    return job.id, total


def take_in_all() -> int:
    """Go on with every running job until none is left; returns the number of pages. A job that another worker is
    busy with is left to it."""
    pages = 0
    for job_id in Job.objects.filter(state=JobState.RUNNING).order_by("id").values_list("id", flat=True):
        while not stopping.is_set() and _next_page(job_id):
            pages += 1
    return pages


def _next_page(job_id: UUID) -> bool:
    """Take in one page; False when the job is done, cancelled, or in other hands."""
    now = clock.now()
    with transaction.atomic():
        job = Job.objects.select_for_update(skip_locked=True).filter(pk=job_id, state=JobState.RUNNING).first()
        if job is None:
            return False
        try:
            plan = _planned(job)
        except Undecryptable as error:
            log.error("job_unreadable", job=str(job.id), fault=str(error))
            Job.objects.filter(pk=job.pk).update(state=JobState.FAILED, finished_at=now)
            return False
        rows = people_matching(plan.filters).filter(pk__lte=job.until).order_by("pk")
        ids = list((rows.filter(pk__gt=job.cursor) if job.cursor else rows).values_list("pk", flat=True)[:CHUNK])
        if ids:
            intake = _resumed(job, plan)
            take_chunk(intake, [Recipient(user_id=i) for i in ids], job.accepted + job.rejected, now)
            job.cursor, job.accepted, job.rejected = ids[-1], intake.accepted, intake.rejected
            bell.ring_after_commit(intake.lanes)
        else:
            job.state, job.finished_at, job.total = JobState.ACCEPTED, now, job.accepted + job.rejected
            log.info("bulk_accepted", job=str(job.id), accepted=job.accepted, rejected=job.rejected)
        job.save()
    return bool(ids)


def _resumed(job: Job, plan: "_Plan") -> Intake:
    """The intake as it stood at the call: the template's version is the one of then."""
    request = NewRequest(
        id=job.id,
        caller_kind=job.caller_kind,
        caller_id=job.caller_id,
        payload=b"",
        created_at=job.created_at,
    )
    return Intake(asked=plan.asked, subject=plan.subject, request=request, accepted=job.accepted, rejected=job.rejected)


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    asked: Send
    subject: Subject
    filters: dict[str, Any]


def _plan(intake: Intake, filters: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(_Plan(asked=intake.asked, subject=intake.subject, filters=dict(filters)))


def _planned(job: Job) -> _Plan:
    sealed = bytes(job.plan_sealed or b"")
    return msgspec.json.decode(ring().open(sealed, place_of("ledger_job", job.id, "plan_sealed")), type=_Plan)
