"""From what was asked and judged to the ledger's rows."""

from datetime import datetime
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.holding import leaves_at
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.flows.ingest.gate import priority_of
from clarion.records.ids import new_id
from clarion.records.ledger.rows import DecisionRow, NewNotification
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import Outcome, Verdict


def payload_of(asked: Send) -> bytes:
    """What all notifications of a request share, as JSON; sealed before it is stored."""
    payload: dict[str, object] = {
        "context": asked.context,
        "data": asked.data,
        "track": {"opens": asked.track_opens, "clicks": asked.track_clicks},
    }
    if not asked.template_path:
        payload["inline"] = {"subject": asked.subject, "body": asked.body}
    if asked.locale:
        payload["locale"] = asked.locale
    if asked.fallback is not None:
        payload["fallback"] = {"channels": asked.chain, "after_seconds": asked.fallback.after_seconds}
    return msgspec.json.encode(payload)


def row_of(
    asked: Send, subject: Subject, key: ChannelKey, verdict: Verdict, now: datetime, user_id: UUID | None = None
) -> NewNotification:
    """The notification of one channel, waiting or suppressed as the verdict says. What quiet hours hold is due when
    they are over."""
    recipient, priority = user_id or asked.user_id, priority_of(asked, subject)
    due = _due(asked, verdict, recipient, priority, now) if verdict.goes else None
    waiting = Status.PENDING if due is None or due <= now else Status.SCHEDULED
    return NewNotification(
        id=new_id(),
        user_id=recipient,
        channel=key,
        category_id=subject.category.id,
        template_id=subject.template.id if subject.template else None,
        version_id=subject.template.version_id if subject.template else None,
        priority=priority,
        status=waiting if verdict.goes else Status.SUPPRESSED,
        reason="" if verdict.outcome is Outcome.DIGEST else verdict.reason or "",
        reference=asked.reference,
        bypass=asked.bypass,
        scheduled_at=asked.scheduled_at,
        expires_at=asked.expires_at,
        due_at=due,
    )


def _due(asked: Send, verdict: Verdict, recipient: UUID, priority: int, now: datetime) -> datetime:
    if asked.scheduled_at is not None and asked.scheduled_at > now:
        return asked.scheduled_at
    if verdict.until is not None:
        return leaves_at(verdict.until, priority, recipient, asked.expires_at)
    return now


def decision_of(row: NewNotification, verdict: Verdict, now: datetime, local: str = "") -> DecisionRow:
    """The decision that goes with it; of a local time, what was given stands in its detail."""
    return DecisionRow(
        notification_id=row.id,
        at=now,
        stage="ingest",
        rule=verdict.rule,
        outcome=verdict.outcome,
        reason=verdict.reason or "",
        until=_until(row, verdict),
        detail=verdict.detail or local,
    )


def _until(row: NewNotification, verdict: Verdict) -> datetime | None:
    if verdict.digest is not None:
        return verdict.digest.closes_at
    return row.due_at if row.status is Status.SCHEDULED else None
