"""Accepting many: rows by COPY, in the transaction of the caller. The job's counts move with its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import connection

from clarion.records.ledger import journal
from clarion.records.ledger.copying import copy_rows
from clarion.records.ledger.lanes import lane_of
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring

_NOTIFICATION = (
    "id",
    "request_id",
    "user_id",
    "channel",
    "category_id",
    "template_id",
    "version_id",
    "priority",
    "status",
    "reason",
    "caller_kind",
    "caller_id",
    "reference",
    "bypass",
    "context_sealed",
    "created_at",
    "scheduled_at",
    "expires_at",
    "ended_at",
)
_QUEUE = ("id", "lane", "priority", "due_at", "caller_id")
_REJECTION = ("job_id", "place", "channel", "user_id", "code", "message")


class JobState(StrEnum):
    """A job is running while its audience is being taken in, then taken in or cancelled; failed when its plan cannot
    be opened any more."""

    RUNNING = "running"
    ACCEPTED = "accepted"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecipient:
    """A recipient that could not be taken: the place in the list, and why."""

    place: int
    channel: str
    user_id: UUID | None
    code: str
    message: str


def open_request(request: NewRequest) -> None:
    """Store what all notifications of the job share."""
    sealed = ring().seal(request.payload, place_of("ledger_request", request.id, "payload_sealed"))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_request (id, caller_kind, caller_id, payload_sealed, created_at)"
            " VALUES (%s, %s, %s, %s, %s)",
            [request.id, request.caller_kind, request.caller_id, sealed, request.created_at],
        )


def copy_accepted(
    request: NewRequest,
    rows: Sequence[tuple[NewNotification, bytes]],
    decisions: Sequence[DecisionRow],
    rejected: Sequence[RejectedRecipient],
    at: datetime,
) -> None:
    """Append one chunk: notifications with their own contexts (empty: the shared one), queue, decisions, events."""
    copy_rows("ledger_notification", _NOTIFICATION, [_notification(request, n, own, at) for n, own in rows])
    copy_rows(
        "ledger_queue",
        _QUEUE,
        [
            (n.id, lane_of(n.channel, bulk=True), n.priority, n.due_at, request.caller_id)
            for n, _ in rows
            if n.due_at is not None
        ],
    )
    journal.append_decisions(decisions)
    journal.append_events((n.id, at, "accepted" if n.due_at else n.status, n.reason) for n, _ in rows)
    copy_rows(
        "ledger_rejection",
        _REJECTION,
        [(request.id, r.place, r.channel, r.user_id, r.code, r.message) for r in rejected],
    )


def _notification(request: NewRequest, n: NewNotification, own: bytes, at: datetime) -> tuple[object, ...]:
    sealed = ring().seal(own, place_of("ledger_notification", n.id, "context_sealed")) if own else None
    return (
        n.id,
        request.id,
        n.user_id,
        n.channel,
        n.category_id,
        n.template_id,
        n.version_id,
        n.priority,
        n.status,
        n.reason,
        request.caller_kind,
        request.caller_id,
        n.reference,
        n.bypass,
        sealed,
        at,
        n.scheduled_at,
        n.expires_at,
        at if n.due_at is None else None,
    )
