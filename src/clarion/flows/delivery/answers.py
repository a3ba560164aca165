"""What an answer that comes later (a callback, a person) does to a notification that was held for it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import structlog
from django.db import transaction

from clarion.flows.delivery import bell
from clarion.flows.delivery.unclear import RULE
from clarion.records.ledger import awaiting, journal
from clarion.records.ledger.models import Attempt
from clarion.records.ledger.rows import DecisionRow, Move
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move

log = structlog.get_logger()


class Answer(StrEnum):
    """What is known now: a provider took it, it has arrived, or no provider took it."""

    SENT = "sent"
    DELIVERED = "delivered"
    NOT_TAKEN = "not_taken"


def resolve_unclear(
    notification_id: UUID, answer: Answer, now: datetime, *, remote_id: str = "", detail: str = ""
) -> bool:
    """Settle a held notification as sent or delivered, or release it to be sent again. False, and nothing happened,
    when no answer was awaited (any more): it was settled, or a worker holds it at this moment."""
    with transaction.atomic():
        if answer is Answer.NOT_TAKEN:
            done = _release(notification_id)
        else:
            done = _settle(notification_id, Status(answer), remote_id, now)
        if done:
            _note(notification_id, answer, detail, now)
    if done:
        log.info("unclear_resolved", notification=str(notification_id), answer=str(answer))
    return done


def _settle(identifier: UUID, to: Status, remote_id: str, now: datetime) -> bool:
    if not awaiting.take(identifier):
        return False
    settled = Move(notification_id=identifier, to=to, account=_account_of(identifier), remote_id=remote_id)
    return identifier in move([settled], now)


def _release(identifier: UUID) -> bool:
    lane = awaiting.release(identifier)
    if lane:
        bell.ring_after_commit([lane])
    return bool(lane)


def _account_of(identifier: UUID) -> str:
    """The account of the attempt that was in doubt; empty when its worker died before it could say."""
    attempts = Attempt.objects.filter(notification_id=identifier, outcome="unclear").order_by("-number")
    return next(iter(attempts.values_list("account", flat=True)[:1]), "")


def _note(identifier: UUID, answer: Answer, detail: str, now: datetime) -> None:
    decision = DecisionRow(
        notification_id=identifier,
        at=now,
        stage="settle",
        rule=RULE,
        outcome="resend" if answer is Answer.NOT_TAKEN else answer,
        detail=detail[:500],
    )
    journal.append_decisions([decision])
