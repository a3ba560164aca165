"""Accepting: a request, its notifications, their queue entries, decisions and events in one statement.

One statement is one round trip and atomic by itself, which is what a single send wants; lists go the same way.
"""

from collections.abc import Sequence
from typing import Any

from clarion.records import hot
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.personal.envelope import place_of
from clarion.records.personal.ring import ring

_ACCEPT = """
WITH request AS (
    INSERT INTO ledger_request (id, caller_kind, caller_id, payload_sealed, created_at)
    VALUES (%(request_id)s, %(caller_kind)s, %(caller_id)s, %(payload)s, %(at)s)
), asked AS (
    SELECT * FROM unnest(
        %(ids)s::uuid[], %(users)s::uuid[], %(channels)s::text[], %(categories)s::int[], %(templates)s::uuid[],
        %(versions)s::uuid[], %(priorities)s::smallint[], %(statuses)s::text[], %(reasons)s::text[],
        %(references)s::text[], %(bypasses)s::boolean[], %(scheduled)s::timestamptz[], %(expires)s::timestamptz[],
        %(due)s::timestamptz[]
    ) AS a(id, user_id, channel, category_id, template_id, version_id, priority, status, reason, reference, bypass,
           scheduled_at, expires_at, due_at)
), stored AS (
    INSERT INTO ledger_notification (id, request_id, user_id, channel, category_id, template_id, version_id, priority,
        status, reason, caller_kind, caller_id, reference, bypass, created_at, scheduled_at, expires_at, ended_at)
    SELECT id, %(request_id)s, user_id, channel, category_id, template_id, version_id, priority, status, reason,
        %(caller_kind)s, %(caller_id)s, reference, bypass, %(at)s, scheduled_at, expires_at,
        CASE WHEN due_at IS NULL THEN %(at)s::timestamptz END
    FROM asked
), queued AS (
    INSERT INTO ledger_queue (id, lane, priority, due_at, caller_id)
    SELECT id, channel, priority, due_at, %(caller_id)s FROM asked WHERE due_at IS NOT NULL
), told AS (
    INSERT INTO ledger_event (notification_id, at, type, reason)
    SELECT id, %(at)s, CASE WHEN due_at IS NULL THEN status ELSE 'accepted' END, reason FROM asked
)
INSERT INTO ledger_decision (notification_id, id, at, stage, rule, outcome, reason, until, detail)
SELECT * FROM unnest(%(d_for)s::uuid[], %(d_ids)s::uuid[], %(d_at)s::timestamptz[], %(d_stages)s::text[],
    %(d_rules)s::text[], %(d_outcomes)s::text[], %(d_reasons)s::text[], %(d_until)s::timestamptz[],
    %(d_details)s::text[])
"""


def accept(request: NewRequest, rows: Sequence[NewNotification], decisions: Sequence[DecisionRow]) -> None:
    """Store everything of one call durably; on return it is committed unless a transaction is open around it."""
    sealed = ring().seal(request.payload, place_of("ledger_request", request.id, "payload_sealed"))
    values: dict[str, Any] = {
        "request_id": request.id,
        "caller_kind": request.caller_kind,
        "caller_id": request.caller_id,
        "payload": sealed,
        "at": request.created_at,
        "ids": [n.id for n in rows],
        "users": [n.user_id for n in rows],
        "channels": [str(n.channel) for n in rows],
        "categories": [n.category_id for n in rows],
        "templates": [n.template_id for n in rows],
        "versions": [n.version_id for n in rows],
        "priorities": [n.priority for n in rows],
        "statuses": [str(n.status) for n in rows],
        "reasons": [n.reason for n in rows],
        "references": [n.reference for n in rows],
        "bypasses": [n.bypass for n in rows],
        "scheduled": [n.scheduled_at for n in rows],
        "expires": [n.expires_at for n in rows],
        "due": [n.due_at for n in rows],
        **_decision_values(decisions),
    }
    hot.fetch(_ACCEPT, values)


def _decision_values(decisions: Sequence[DecisionRow]) -> dict[str, list[Any]]:
    return {
        "d_for": [d.notification_id for d in decisions],
        "d_ids": [d.id for d in decisions],
        "d_at": [d.at for d in decisions],
        "d_stages": [d.stage for d in decisions],
        "d_rules": [d.rule for d in decisions],
        "d_outcomes": [d.outcome for d in decisions],
        "d_reasons": [d.reason for d in decisions],
        "d_until": [d.until for d in decisions],
        "d_details": [d.detail for d in decisions],
    }
