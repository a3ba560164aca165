"""From what was asked and judged to the ledger's rows."""

from datetime import datetime
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.flows.ingest.gate import priority_of
from clarion.records.ids import new_id
from clarion.records.ledger.rows import DecisionRow, NewNotification
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import Verdict


def payload_of(asked: Send) -> bytes:
    """What all notifications of a request share, as JSON; sealed before it is stored."""
    payload: dict[str, object] = {
        "context": asked.context,
        "data": asked.data,
        "track": {"opens": asked.track_opens, "clicks": asked.track_clicks},
    }
    if not asked.template_path:
        payload["inline"] = {"subject": asked.subject, "body": asked.body}
    if asked.fallback is not None:
        payload["fallback"] = {"channels": asked.chain, "after_seconds": asked.fallback.after_seconds}
    return msgspec.json.encode(payload)


def row_of(
    asked: Send, subject: Subject, key: ChannelKey, verdict: Verdict, now: datetime, user_id: UUID | None = None
) -> NewNotification:
    """The notification of one channel, waiting or suppressed as the verdict says."""
    later = asked.scheduled_at is not None and asked.scheduled_at > now
    waiting = Status.SCHEDULED if later else Status.PENDING
    due = asked.scheduled_at if later else now
    return NewNotification(
        id=new_id(),
        user_id=user_id or asked.user_id,
        channel=key,
        category_id=subject.category.id,
        template_id=subject.template.id if subject.template else None,
        version_id=subject.template.version_id if subject.template else None,
        priority=priority_of(asked, subject),
        status=waiting if verdict.allows else Status.SUPPRESSED,
        reason=verdict.reason or "",
        reference=asked.reference,
        bypass=asked.bypass,
        scheduled_at=asked.scheduled_at,
        expires_at=asked.expires_at,
        due_at=due if verdict.allows else None,
    )


def decision_of(row: NewNotification, verdict: Verdict, now: datetime, local: str = "") -> DecisionRow:
    """The decision that goes with it; of a local time, what was given stands in its detail."""
    return DecisionRow(
        notification_id=row.id,
        at=now,
        stage="ingest",
        rule=verdict.rule,
        outcome=verdict.outcome,
        reason=verdict.reason or "",
        until=row.due_at if row.status is Status.SCHEDULED else None,
        detail=verdict.detail or local,
    )
