"""What a caller may still do to an accepted notification: cancel it; replay or discard a dead letter."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from clarion.contract.input_error import InputError
from clarion.contract.reasons import Reason
from clarion.flows.delivery.bell import ring_after_commit
from clarion.records.ledger import journal, queue
from clarion.records.ledger.models import Attempt, Notification
from clarion.records.ledger.rows import DecisionRow, Move
from clarion.records.ledger.status import WAITING, Status
from clarion.records.ledger.transitions import move


def cancel(row: Notification, now: datetime) -> None:
    """Cancel before a worker takes it up; raises InputError 409 when it is too late."""
    with transaction.atomic():
        if Status(row.status) not in WAITING:
            raise InputError("not_cancellable", f"the notification is {row.status} already", status=409)
        if not queue.withdraw(row.id):
            raise InputError("being_sent", "a worker is sending it at this moment", status=409)
        move([Move(notification_id=row.id, to=Status.CANCELLED, reason=Reason.CANCELLED)], now)
        _note(row.id, "cancel", Status.CANCELLED, now, Reason.CANCELLED)


def replay(row: Notification, now: datetime) -> None:
    """Queue a dead letter again with a fresh count of attempts; raises InputError 409 when it is none."""
    with transaction.atomic():
        if not move([Move(notification_id=row.id, to=Status.PENDING)], now):
            raise InputError("not_a_dead_letter", f"the notification is {row.status}", status=409)
        queue.put_back(row.id, row.channel, row.priority, row.caller_id, now, _attempts_made(row.id))
        _note(row.id, "replay", Status.PENDING, now)
        ring_after_commit([row.channel])


def _attempts_made(identifier: UUID) -> int:
    """Attempt numbers go on, so that the history keeps every one."""
    last = Attempt.objects.filter(notification_id=identifier).order_by("-number").values_list("number", flat=True)
    return next(iter(last[:1]), 0)


def _note(identifier: UUID, rule: str, outcome: str, now: datetime, reason: str = "") -> None:
    decision = DecisionRow(notification_id=identifier, at=now, stage="api", rule=rule, outcome=outcome, reason=reason)
    journal.append_decisions([decision])
