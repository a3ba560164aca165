"""How a notification and its history are shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, Q, QuerySet

from clarion.records import clock
from clarion.records.access.permissions import Caller, Permission
from clarion.records.categories.catalog import catalog
from clarion.records.digests import windows
from clarion.records.digests.windows import TOLD_IN
from clarion.records.ledger.models import Attempt, Decision, Event, Notification, QueueEntry, Request
from clarion.records.ledger.status import Status
from clarion.records.personal.sealed import opened_or
from clarion.surfaces.api.fields import Instant
from clarion.surfaces.api.paging import Page


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A notification in a list. `notification_type` repeats the channel under its e-commerce name."""

    id: UUID
    request_id: UUID
    user_id: UUID
    channel: str
    notification_type: str
    status: str
    reason: str
    category: str
    template_id: UUID | None
    priority: int
    reference: str
    provider: str
    created_at: Instant
    scheduled_at: Instant | None
    expires_at: Instant | None
    sent_at: Instant | None
    delivered_at: Instant | None
    read_at: Instant | None


class SummaryPage(Page[Summary], frozen=True, kw_only=True):
    """A page of notifications."""


class AttemptOut(msgspec.Struct, frozen=True, kw_only=True):
    """One try at one provider for one (masked) address. Of a text message: its segments, and its price where the
    provider tells."""

    number: int
    target: str
    account: str
    outcome: str
    reason: str
    detail: str
    remote_id: str
    segments: int | None
    price: str
    started_at: Instant
    finished_at: Instant


class DecisionOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule decided, and why."""

    at: Instant
    stage: str
    rule: str
    outcome: str
    reason: str
    until: Instant | None
    detail: str


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """A fact."""

    at: Instant
    type: str
    reason: str


class Detail(Summary, frozen=True, kw_only=True):
    """A notification with its whole history."""

    subject: str
    attempts: list[AttemptOut]
    decisions: list[DecisionOut]
    events: list[EventOut]


class StatusOut(msgspec.Struct, frozen=True, kw_only=True):
    """Where a notification stands. One that was collected is told of in another: `digest_at` says when that is made,
    and once it was, `digest_id` is its id."""

    id: UUID
    status: str
    reason: str
    channel: str
    attempts: int
    next_attempt_at: Instant | None
    digest_at: Instant | None
    digest_id: UUID | None
    sent_at: Instant | None
    delivered_at: Instant | None
    read_at: Instant | None


def readable(caller: Caller) -> QuerySet[Notification]:
    """What the caller may see: all with `analytics`, else what it sent or received."""
    rows = Notification.objects.all()
    if caller.may(Permission.ANALYTICS):
        return rows
    return rows.filter(Q(user_id=caller.user_id) | Q(caller_id=caller.id))


def _shown(row: Notification, entry: QueueEntry | None) -> str:
    """The stored state; a waiting one reads `processing` while a lease holds it, `pending` once it is due, also while
    it is held for an answer."""
    if entry is None:
        return row.status
    now = clock.now()
    if entry.lease_until is not None and entry.lease_until > now:
        return Status.PROCESSING
    return Status.PENDING if entry.due_at <= now or entry.awaits else row.status


def showing(rows: QuerySet[Notification], status: Status) -> QuerySet[Notification]:
    """Those of the rows that `_shown` shows with this status."""
    now = clock.now()
    entry = QueueEntry.objects.filter(pk=OuterRef("pk"))
    leased, due = Exists(entry.filter(lease_until__gt=now)), Exists(entry.filter(Q(due_at__lte=now) | Q(awaits=True)))
    match status:
        case Status.PROCESSING:
            return rows.filter(leased)
        case Status.PENDING:
            return rows.filter(Q(status=Status.PENDING) | Q(status=Status.SCHEDULED) & due).exclude(leased)
        case Status.SCHEDULED:
            return rows.filter(status=Status.SCHEDULED).exclude(leased | due)
    return rows.filter(status=status)


def _summary(row: Notification, entry: QueueEntry | None) -> dict[str, object]:
    category = catalog.find(row.category_id)
    return {
        "id": row.id,
        "request_id": row.request_id,
        "user_id": row.user_id,
        "channel": row.channel,
        "notification_type": row.channel,
        "status": _shown(row, entry),
        "reason": row.reason,
        "category": category.key if category else "",
        "template_id": row.template_id,
        "priority": row.priority,
        "reference": row.reference,
        "provider": row.account,
        "created_at": row.created_at,
        "scheduled_at": row.scheduled_at,
        "expires_at": row.expires_at,
        "sent_at": row.sent_at,
        "delivered_at": row.delivered_at,
        "read_at": row.read_at,
    }


def _entries(rows: Sequence[Notification]) -> dict[UUID, QueueEntry]:
    return QueueEntry.objects.in_bulk([row.id for row in rows])


def summaries(rows: Sequence[Notification]) -> list[Summary]:
    """Rows of a list; one more query for all of them."""
    entries = _entries(rows)
    return [Summary(**_summary(row, entries.get(row.id))) for row in rows]  # type: ignore[arg-type]


def status_of(row: Notification) -> StatusOut:
    """The status with what comes next."""
    entry = _entries([row]).get(row.id)
    made = Attempt.objects.filter(notification_id=row.id).order_by("-number").values_list("number", flat=True)[:1]
    place = windows.places_of([row.id]).get(row.id) if row.status == Status.DIGESTED else None
    return StatusOut(
        id=row.id,
        status=_shown(row, entry),
        reason=row.reason,
        channel=row.channel,
        attempts=next(iter(made), 0),
        next_attempt_at=entry.due_at if entry and not entry.awaits else None,
        digest_at=place.closes_at if place else None,
        digest_id=_told_in(row) if row.status == Status.DIGESTED and place is None else None,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        read_at=row.read_at,
    )


def _told_in(row: Notification) -> UUID | None:
    """The group or digest that told of a collected one; None: none did."""
    said = Decision.objects.filter(notification_id=row.id, detail__startswith=TOLD_IN).values_list("detail", flat=True)
    return next((UUID(detail.removeprefix(TOLD_IN)) for detail in said), None)


def _subject(row: Notification) -> str:
    """The subject that was given inline; a template's is made anew for each message and not kept."""
    request = Request.objects.filter(pk=row.request_id).first()
    payload: dict[str, Any] = opened_or(lambda: request.payload, {}) if request else {}
    inline = payload.get("inline")
    return str(inline["subject"]) if inline else ""


def attempts_of(identifier: UUID) -> list[AttemptOut]:
    """Its attempts, in order."""
    return [
        AttemptOut(
            number=a.number,
            target=a.target,
            account=a.account,
            outcome=a.outcome,
            reason=a.reason,
            detail=a.detail,
            remote_id=a.remote_id,
            segments=a.segments,
            price=a.price,
            started_at=a.started_at,
            finished_at=a.finished_at,
        )
        for a in Attempt.objects.filter(notification_id=identifier).order_by("number", "target")
    ]


def detail_of(row: Notification) -> Detail:
    """The whole history, in order."""
    decisions = Decision.objects.filter(notification_id=row.id).order_by("id")
    events = Event.objects.filter(notification_id=row.id).order_by("at", "id")
    return Detail(
        **_summary(row, _entries([row]).get(row.id)),  # type: ignore[arg-type]
        subject=_subject(row),
        attempts=attempts_of(row.id),
        decisions=[
            DecisionOut(
                at=d.at,
                stage=d.stage,
                rule=d.rule,
                outcome=d.outcome,
                reason=d.reason,
                until=d.until,
                detail=d.detail,
            )
            for d in decisions
        ],
        events=[EventOut(at=e.at, type=e.type, reason=e.reason) for e in events],
    )
