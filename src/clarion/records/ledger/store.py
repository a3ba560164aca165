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
INSERT INTO ledger_decision (notification_id, id, at, stage, rule, outcome, reason, until, detail, rules)
SELECT *, %(d_version)s::smallint
FROM unnest(%(d_for)s::uuid[], %(d_ids)s::uuid[], %(d_at)s::timestamptz[], %(d_stages)s::text[], %(d_rules)s::text[],
    %(d_outcomes)s::text[], %(d_reasons)s::text[], %(d_until)s::timestamptz[], %(d_details)s::text[])
"""

# The same for one notification with one decision, which is nearly every send: scalars bind at a tenth of the cost of
# one-element arrays.
_ONE = """stored AS (
    INSERT INTO ledger_notification (id, request_id, user_id, channel, category_id, template_id, version_id, priority,
        status, reason, caller_kind, caller_id, reference, bypass, created_at, scheduled_at, expires_at, ended_at)
    VALUES (%(id)s, %(request_id)s, %(user)s, %(channel)s, %(category)s, %(template)s, %(version)s, %(priority)s,
        %(status)s, %(reason)s, %(caller_kind)s, %(caller_id)s, %(reference)s, %(bypass)s, %(at)s, %(scheduled)s,
        %(expires)s, CASE WHEN %(due)s::timestamptz IS NULL THEN %(at)s::timestamptz END)
), queued AS (
    INSERT INTO ledger_queue (id, lane, priority, due_at, caller_id)
    SELECT %(id)s, %(channel)s, %(priority)s, %(due)s::timestamptz, %(caller_id)s
    WHERE %(due)s::timestamptz IS NOT NULL
), told AS (
    INSERT INTO ledger_event (notification_id, at, type, reason)
    VALUES (%(id)s, %(at)s, CASE WHEN %(due)s::timestamptz IS NULL THEN %(status)s ELSE 'accepted' END, %(reason)s)
)
INSERT INTO ledger_decision (notification_id, id, at, stage, rule, outcome, reason, until, detail, rules)
VALUES (%(id)s, %(d_id)s, %(d_at)s, %(d_stage)s, %(d_rule)s, %(d_outcome)s, %(d_reason)s, %(d_until)s, %(d_detail)s,
    %(d_version)s)
"""
_ACCEPT_ONE = f"""
WITH request AS (
    INSERT INTO ledger_request (id, caller_kind, caller_id, payload_sealed, created_at)
    VALUES (%(request_id)s, %(caller_kind)s, %(caller_id)s, %(payload)s, %(at)s)
), {_ONE}"""
_ADD_ONE = f"WITH {_ONE}"


def accept(request: NewRequest, rows: Sequence[NewNotification], decisions: Sequence[DecisionRow]) -> None:
    """Store everything of one call durably; on return it is committed unless a transaction is open around it."""
    if len(rows) == len(decisions) == 1:
        hot.fetch(_ACCEPT_ONE, {**_request_values(request), **_one_values(rows[0], decisions[0])})
        return
    values: dict[str, Any] = {
        **_request_values(request),
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
        "d_version": decisions[0].rules if decisions else 0,
        **_decision_values(decisions),
    }
    hot.fetch(_ACCEPT, values)


def add(request: NewRequest, row: NewNotification, decision: DecisionRow) -> None:
    """Store one more notification, created at `request.created_at`, of a request that stands already."""
    hot.fetch(_ADD_ONE, {**_caller_values(request), **_one_values(row, decision)})


def _request_values(request: NewRequest) -> dict[str, Any]:
    sealed = ring().seal(request.payload, place_of("ledger_request", request.id, "payload_sealed"))
    return {**_caller_values(request), "payload": sealed}


def _caller_values(request: NewRequest) -> dict[str, Any]:
    return {
        "request_id": request.id,
        "caller_kind": str(request.caller_kind),
        "caller_id": request.caller_id,
        "at": request.created_at,
    }


def _one_values(n: NewNotification, d: DecisionRow) -> dict[str, Any]:
    return {
        "id": n.id,
        "user": n.user_id,
        "channel": str(n.channel),
        "category": n.category_id,
        "template": n.template_id,
        "version": n.version_id,
        "priority": n.priority,
        "status": str(n.status),
        "reason": str(n.reason),
        "reference": n.reference,
        "bypass": n.bypass,
        "scheduled": n.scheduled_at,
        "expires": n.expires_at,
        "due": n.due_at,
        "d_id": d.id,
        "d_at": d.at,
        "d_stage": d.stage,
        "d_rule": d.rule,
        "d_outcome": str(d.outcome),
        "d_reason": str(d.reason),
        "d_until": d.until,
        "d_detail": d.detail,
        "d_version": d.rules,
    }


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
