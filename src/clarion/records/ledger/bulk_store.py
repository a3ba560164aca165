"""Accepting many: rows by COPY, in the transaction of the caller. The job's counts move with its rows."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from uuid_utils import uuid7

from clarion.contract.channel import ChannelKey
from clarion.records import hot
from clarion.records.ledger.copying import NULL, copy_lines, copy_rows, line_of
from clarion.records.ledger.lanes import lane_of
from clarion.records.ledger.queue import first_of_request
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring

_NOTIFICATION = (
    "id",
    "user_id",
    "context_sealed",
    "request_id",
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
    "created_at",
    "scheduled_at",
    "expires_at",
    "ended_at",
)
_QUEUE = ("id", "lane", "priority", "due_at", "caller_id")
_DECISION = ("notification_id", "id", "at", "stage", "rule", "outcome", "reason", "until", "detail", "rules")
_EVENT = ("notification_id", "at", "type", "reason")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """All that notifications of one kind have in common. The ids of the two, and the user, mean nothing."""

    row: NewNotification
    decision: DecisionRow


# OFFSET 0: by the index on user and id, and not by that on the request, of which a long job has millions
_TAKEN = """
SELECT u.id, n.channel FROM unnest(%s::uuid[]) AS u(id)
CROSS JOIN LATERAL (
    SELECT m.request_id, m.channel FROM ledger_notification AS m WHERE m.user_id = u.id AND m.id >= %s OFFSET 0
) AS n WHERE n.request_id = %s
"""


def taken_before(request_id: UUID, users: Collection[UUID]) -> set[tuple[UUID, ChannelKey]]:
    """Whom of these the request has reached already, and on which channel."""
    rows = hot.fetch(_TAKEN, [hot.uuids(users), first_of_request(request_id), request_id])
    return {(user, ChannelKey(channel)) for user, channel in rows}


class Taken(NamedTuple):
    """One notification: its kind, its own id (32 hexadecimal digits), whom it is for, and their context as JSON (empty:
    the shared one). A tuple, for there are millions."""

    form: Form
    id: str
    user_id: UUID
    own: bytes


def new_hex() -> str:
    """A fresh UUIDv7 as text for COPY, at a sixth of the cost of an object."""
    return uuid7().hex


def copy_accepted(
    request: NewRequest, taken: Sequence[Taken], rejected: Sequence[RejectedRecipient], at: datetime
) -> None:
    """Append one chunk: notifications, queue, decisions, events. What a form fixes is written once for all of its kind;
    a first decision has the id of its notification, so it comes before all later ones."""
    tails: dict[int, _Tails] = {}
    notifications, queue, decisions, events = [], [], [], []
    for form, identifier, user, own in taken:
        tail = tails.get(id(form))
        if tail is None:
            tail = tails[id(form)] = _tails(request, form, at)
        context = _sealed(identifier, own) if own else NULL
        notifications.append(f"{identifier}\t{user.hex}\t{context}\t{tail.notification}")
        decisions.append(f"{identifier}\t{identifier}\t{tail.decision}")
        events.append(f"{identifier}\t{tail.event}")
        if tail.queue:
            queue.append(f"{identifier}\t{tail.queue}")
    copy_lines("ledger_notification", _NOTIFICATION, notifications)
    copy_lines("ledger_queue", _QUEUE, queue)
    copy_lines("ledger_decision", _DECISION, decisions)
    copy_lines("ledger_event", _EVENT, events)
    copy_rows(
        "ledger_rejection",
        _REJECTION,
        [(request.id, r.place, r.channel, r.user_id, r.code, r.message) for r in rejected],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tails:
    """The ends of a kind's lines; `queue` empty: it is not queued."""

    notification: str
    decision: str
    event: str
    queue: str


def _tails(request: NewRequest, form: Form, at: datetime) -> _Tails:
    n, d = form.row, form.decision
    ends = at if n.due_at is None else None
    queued = n.due_at is not None
    return _Tails(
        notification=line_of(
            (
                *(request.id, n.channel, n.category_id, n.template_id, n.version_id, n.priority, n.status, n.reason),
                *(request.caller_kind, request.caller_id, n.reference, n.bypass, at, n.scheduled_at, n.expires_at),
                ends,
            )
        ),
        decision=line_of((d.at, d.stage, d.rule, d.outcome, d.reason, d.until, d.detail, d.rules)),
        event=line_of((at, "accepted" if queued else n.status, n.reason)),
        queue=line_of((lane_of(n.channel, bulk=True), n.priority, n.due_at, request.caller_id)) if queued else "",
    )


def _sealed(identifier: str, own: bytes) -> str:
    place = place_of("ledger_notification", UUID(identifier), "context_sealed")
    return f"\\\\x{ring().seal(own, place).hex()}"
