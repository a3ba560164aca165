"""What may still be done to an accepted notification: cancel or reschedule it; replay or discard a dead letter."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.contract.reasons import Reason
from clarion.flows.delivery.bell import ring_after_commit
from clarion.flows.ingest.timing import RECIPIENT, check_form, check_instant, instant_of
from clarion.records.digests import windows
from clarion.records.ledger import journal, queue, transitions
from clarion.records.ledger.models import Attempt, Notification
from clarion.records.ledger.rows import DecisionRow, Move
from clarion.records.ledger.status import WAITING, Status
from clarion.records.ledger.transitions import move
from clarion.records.people import facts

IN_OTHER_HANDS = "a worker is sending it at this moment, or a provider may have taken it"


def cancel(row: Notification, now: datetime) -> None:
    """Cancel before a worker takes it up, or before the message of its window is made; raises InputError 409 when it
    is too late."""
    with transaction.atomic():
        collected = row.status == Status.DIGESTED and windows.withdraw(row.id)
        if not collected and Status(row.status) not in WAITING:
            raise InputError("not_cancellable", f"the notification is {row.status} already", status=409)
        if not collected and not queue.withdraw(row.id):
            raise InputError("being_sent", IN_OTHER_HANDS, status=409)
        move([Move(notification_id=row.id, to=Status.CANCELLED, reason=Reason.CANCELLED)], now)
        _note(row.id, "cancel", Status.CANCELLED, now, Reason.CANCELLED)


def reschedule(row: Notification, scheduled_at: datetime, timezone: str, now: datetime) -> None:
    """Give what still waits another time; raises InputError: 422 for a bad time, 409 when it is too late."""
    check_form(scheduled_at, timezone)
    instant = instant_of(scheduled_at, timezone, _zone_of(row, timezone), now) if timezone else scheduled_at
    check_instant(instant, None, now)
    if row.expires_at is not None and row.expires_at <= instant:
        raise InputError("expires_before_due", "it expires before this time", pointer="/scheduled_at")
    with transaction.atomic():
        if Status(row.status) not in WAITING:
            raise InputError("not_reschedulable", f"the notification is {row.status} already", status=409)
        if not queue.postpone(row.id, instant) or not transitions.reschedule(row.id, instant, now):
            raise InputError("being_sent", IN_OTHER_HANDS, status=409)
        given = f"{scheduled_at.isoformat()} {timezone}" if timezone else ""
        _note(row.id, "reschedule", Status.SCHEDULED, now, until=instant, detail=given)


def _zone_of(row: Notification, timezone: str) -> str:
    if timezone != RECIPIENT:
        return timezone
    person = facts.load([row.user_id], []).get(row.user_id)
    if person is None:
        raise InputError("user_gone", "the recipient is gone", status=409)
    return person.timezone


def replay(row: Notification, now: datetime) -> None:
    """Queue a dead letter again with a fresh count of attempts; raises InputError 409 when it is none (any more)."""
    with transaction.atomic():
        taken = transitions.take_dead_letters([row.id])
        if not taken or not move([Move(notification_id=row.id, to=Status.PENDING)], now):
            raise InputError("not_a_dead_letter", "it was replayed or discarded meanwhile", status=409)
        queue.put_back(row.id, row.channel, row.priority, row.caller_id, now, _attempts_made(row.id))
        _note(row.id, "replay", Status.PENDING, now)
        ring_after_commit([row.channel])


def discard(ids: Sequence[UUID], by: str, now: datetime) -> set[UUID]:
    """Take dead letters off the list for good; they stay `failed`, and who did it is on record. Returns those that were
    dead letters."""
    with transaction.atomic():
        taken = transitions.take_dead_letters(ids)
        journal.append_decisions(_decision(one, "discard", "discarded", now, detail=f"by {by}") for one in taken)
        journal.append_events((one, now, "discarded", "") for one in taken)
    return taken


def _attempts_made(identifier: UUID) -> int:
    """Attempt numbers go on, so that the history keeps every one."""
    last = Attempt.objects.filter(notification_id=identifier).order_by("-number").values_list("number", flat=True)
    return next(iter(last[:1]), 0)


def _note(
    identifier: UUID,
    rule: str,
    outcome: str,
    now: datetime,
    reason: str = "",
    *,
    until: datetime | None = None,
    detail: str = "",
) -> None:
    journal.append_decisions([_decision(identifier, rule, outcome, now, reason, until=until, detail=detail)])


def _decision(
    identifier: UUID,
    rule: str,
    outcome: str,
    now: datetime,
    reason: str = "",
    *,
    until: datetime | None = None,
    detail: str = "",
) -> DecisionRow:
    return DecisionRow(
        notification_id=identifier,
        at=now,
        stage="api",
        rule=rule,
        outcome=outcome,
        reason=reason,
        until=until,
        detail=detail,
    )
