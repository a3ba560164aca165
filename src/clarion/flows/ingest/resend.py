"""Sending to one endpoint again: what it missed, or one message of its owner's choice.

A message that ended stays as it is; a copy of it goes out, to this endpoint alone, under the `webhook-id` that its
receiver may know already. The original's decisions say what became of it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.delivery.bell import ring_after_commit
from clarion.flows.delivery.subscribers import FOR_ONE_ENDPOINT
from clarion.records import hot
from clarion.records.ids import first_id_of, new_id
from clarion.records.ledger import journal, store
from clarion.records.ledger.models import Notification, Request
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.ledger.status import Status
from clarion.records.people.models import Endpoint

RULE = "resend"
MOST = 500
_ENDED = (Status.SENT, Status.DELIVERED, Status.READ, Status.FAILED)
log = structlog.get_logger()

_MISSED = """
SELECT n.id FROM ledger_notification AS n
WHERE n.user_id = %(user)s AND n.channel = 'webhook' AND n.id >= %(since)s AND n.status = ANY(%(ended)s)
  AND (n.caller_id = %(endpoint)s OR (n.caller_kind <> 'endpoint' AND NOT %(application)s))
  AND NOT EXISTS (SELECT 1 FROM ledger_attempt AS a WHERE a.notification_id = n.id AND a.notification_id >= %(since)s
                  AND a.outcome = 'sent' AND a.target LIKE %(place)s)
  AND NOT EXISTS (SELECT 1 FROM ledger_decision AS d WHERE d.notification_id = n.id AND d.notification_id >= %(since)s
                  AND d.rule = 'resend' AND d.detail LIKE %(to)s)
ORDER BY n.id LIMIT %(most)s
"""


def missed(endpoint: Endpoint, since: datetime) -> tuple[list[UUID], bool]:
    """What has ended since then without this endpoint having taken it, oldest first, and whether there is more."""
    values = {
        "user": endpoint.user_id,
        "since": first_id_of(since),
        "ended": [str(status) for status in _ENDED],
        "endpoint": endpoint.id,
        "application": endpoint.application,
        "place": f"% {endpoint.id}",
        "to": f"{endpoint.id} %",
        "most": MOST + 1,
    }
    found = [row[0] for row in hot.fetch(_MISSED, values)]
    return found[:MOST], len(found) > MOST


def resend(endpoint: Endpoint, ids: Sequence[UUID], now: datetime) -> list[UUID]:
    """Send these again, to this endpoint alone; returns the copies. Raises InputError when one cannot be; then nothing
    happened."""
    rows = Notification.objects.in_bulk(ids)
    for identifier in ids:
        _check(rows.get(identifier), endpoint)
    payloads = {row.id: row.payload for row in Request.objects.filter(pk__in={row.request_id for row in rows.values()})}
    copies = []
    with transaction.atomic():
        for identifier in ids:
            row = rows[identifier]
            copies.append(_copy(row, payloads.get(row.request_id), endpoint, now))
        ring_after_commit([ChannelKey.WEBHOOK])
    log.info("resent", endpoint=str(endpoint.id), notifications=len(copies))
    return copies


def _check(row: Notification | None, endpoint: Endpoint) -> None:
    if row is None or row.user_id != endpoint.user_id or not _is_for(row, endpoint):
        raise InputError(
            "notification_not_found",
            "there is no webhook notification with this id for this endpoint",
            pointer="/notification_id",
            status=404,
        )
    if row.status not in _ENDED:
        raise InputError(
            "not_ended",
            f"it is {row.status}: only what was sent or has failed can be sent again",
            pointer="/notification_id",
            status=409,
        )


def _is_for(row: Notification, endpoint: Endpoint) -> bool:
    if row.caller_kind == FOR_ONE_ENDPOINT:
        return row.caller_id == endpoint.id
    return row.channel == ChannelKey.WEBHOOK and not endpoint.application


def _copy(row: Notification, shared: Any, endpoint: Endpoint, now: datetime) -> UUID:
    if shared is None:
        raise InputError(
            "payload_gone", "what was to be sent is not kept any more", pointer="/notification_id", status=409
        )
    payload = {name: value for name, value in shared.items() if name != "fallback"}
    payload["context"] = {**payload["context"], **(row.context or {})}
    payload["webhook_id"] = payload.get("webhook_id") or f"{row.id}.{endpoint.id}"
    payload["endpoint"] = str(endpoint.id)
    copy = new_id()
    request = NewRequest(
        id=new_id(),
        caller_kind=FOR_ONE_ENDPOINT,
        caller_id=endpoint.id,
        payload=msgspec.json.encode(payload),
        created_at=now,
    )
    store.accept(request, [_row(row, copy, now)], [_decision(copy, now, "allow", f"of {row.id}")])
    journal.append_decisions([_decision(row.id, now, RULE, f"{endpoint.id} {copy}")])
    return copy


def _row(row: Notification, copy: UUID, now: datetime) -> NewNotification:
    return NewNotification(
        id=copy,
        user_id=row.user_id,
        channel=ChannelKey.WEBHOOK,
        category_id=row.category_id,
        template_id=row.template_id,
        version_id=row.version_id,
        priority=row.priority,
        status=Status.PENDING,
        reference=row.reference,
        bypass=row.bypass,
        due_at=now,
    )


def _decision(identifier: UUID, now: datetime, outcome: str, detail: str) -> DecisionRow:
    return DecisionRow(notification_id=identifier, at=now, stage="api", rule=RULE, outcome=outcome, detail=detail)
