"""The plan of a job whose people are taken in later, page by page: what was asked at the call, kept sealed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.bulk import Intake
from clarion.flows.ingest.content import Subject
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.models import Job
from clarion.records.ledger.rows import NewRequest
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`filters`: whom an audience is made of; None: the recipients were uploaded."""

    asked: Send
    subject: Subject
    filters: dict[str, Any] | None


def new_job(
    intake: Intake, filters: Mapping[str, Any] | None, total: int | None, now: datetime, until: UUID | None = None
) -> Job:
    """A job that runs, not saved yet."""
    asked = intake.asked
    job = Job(
        id=intake.request.id,
        caller_kind=asked.caller.kind,
        caller_id=asked.caller.id,
        state=JobState.RUNNING,
        until=until,
        total=total,
        created_at=now,
    )
    plan = Plan(asked=asked, subject=intake.subject, filters=None if filters is None else dict(filters))
    job.plan_sealed = ring().seal(msgspec.json.encode(plan), place_of("ledger_job", job.id, "plan_sealed"))
    return job


def plan_of(job: Job) -> Plan:
    """Raises Undecryptable."""
    sealed = bytes(job.plan_sealed or b"")
    return msgspec.json.decode(ring().open(sealed, place_of("ledger_job", job.id, "plan_sealed")), type=Plan)


def resumed(job: Job, plan: Plan) -> Intake:
    """The intake as it stood at the call: the template's version is the one of then."""
    request = NewRequest(
        id=job.id,
        caller_kind=job.caller_kind,
        caller_id=job.caller_id,
        payload=b"",
        created_at=job.created_at,
    )
    return Intake(asked=plan.asked, subject=plan.subject, request=request, accepted=job.accepted, rejected=job.rejected)
