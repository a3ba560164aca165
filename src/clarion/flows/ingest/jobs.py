"""What became of a job, and stopping it half-way."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction

from clarion.contract.input_error import InputError
from clarion.contract.reasons import Reason
from clarion.records.digests import windows
from clarion.records.ids import new_id
from clarion.records.ledger import journal, queue
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.models import Job
from clarion.records.ledger.rows import DecisionRow, Move
from clarion.records.ledger.status import WAITING, Status
from clarion.records.ledger.transitions import move
from clarion.records.uploads import pages

CANCEL_PAGE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Counts by status; together they are `accepted`."""

    counts: Mapping[str, int]

    @property
    def moving(self) -> int:
        """How many still wait or are being sent."""
        return sum(number for status, number in self.counts.items() if Status(status) in WAITING)


def progress(job_id: UUID) -> Progress:
    """Where the job's notifications stand. One pass over their index entries."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, count(*) FROM ledger_notification WHERE request_id = %s AND id >= %s GROUP BY status",
            [job_id, queue.first_of_request(job_id)],
        )
        return Progress(counts=dict(cursor.fetchall()))


def cancel(job: Job, now: datetime) -> int:
    """Stop taking people in and cancel what no worker holds; returns how many were cancelled. Raises InputError 409
    when nothing is left to cancel."""
    with transaction.atomic():
        held = Job.objects.select_for_update().get(pk=job.pk)
        if held.state == JobState.CANCELLED:
            raise InputError("not_cancellable", "the job is cancelled already", status=409)
        was_running = held.state == JobState.RUNNING
        held.state, held.finished_at = JobState.CANCELLED, held.finished_at or now
        held.save(update_fields=["state", "finished_at"])
        pages.drop(job.pk)
        cancelled = _cancel_waiting(job.pk, now)
        if not was_running and not cancelled:
            raise InputError("not_cancellable", "every notification of the job has left", status=409)
    return cancelled


def _collected(job_id: UUID) -> list[UUID]:
    """What lies in windows that nobody was told of yet."""
    return windows.withdraw_of_request(job_id, queue.first_of_request(job_id), CANCEL_PAGE)


def _cancel_waiting(job_id: UUID, now: datetime) -> int:
    total = 0
    while page := queue.withdraw_of_request(job_id, CANCEL_PAGE) or _collected(job_id):
        move([Move(notification_id=i, to=Status.CANCELLED, reason=Reason.CANCELLED) for i in page], now)
        journal.append_decisions(
            DecisionRow(
                notification_id=i,
                at=now,
                stage="api",
                rule="cancel job",
                outcome=Status.CANCELLED,
                reason=Reason.CANCELLED,
                id=new_id(),
            )
            for i in page
        )
        total += len(page)
    return total
