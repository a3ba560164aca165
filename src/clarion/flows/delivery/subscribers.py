"""Telling the installation's endpoints what happens to notifications: the ledger's events become webhooks of their own.

A reader of events: it goes by (xid, id) up to the oldest transaction still running, so that none that commits late is
skipped, and its position moves in the transaction that stores what it has to say. Each event for each endpoint that
wants it is a notification like any other (retries, dead letters, deliveries, replay), in the bulk lane and of low
priority. What happens to those is told to nobody, or it would never end.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import bell
from clarion.records import hot
from clarion.records.categories.catalog import GENERAL, catalog
from clarion.records.ids import new_id
from clarion.records.ledger.bulk_store import Form, Taken, copy_accepted, new_hex, open_request
from clarion.records.ledger.lanes import lane_of
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.ledger.status import Status
from clarion.records.people.endpoints import matches
from clarion.records.people.models import Endpoint, EventFeed
from clarion.records.preferences.rules import LOW

FOR_ONE_ENDPOINT = "endpoint"
"""The caller's kind of notifications that are for one endpoint alone; the caller's id is the endpoint's."""
PREFIX = "notification."
PAGE = 500
SECONDS_A_TICK = 0.5
_LAST_ID = 2**63 - 1
log = structlog.get_logger()

_HEAD = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_PAGE = """
SELECT e.xid, e.id, e.notification_id, e.at, e.type, e.reason,
       n.user_id, n.channel, n.category_id, n.reference, n.request_id, n.caller_kind
FROM ledger_event AS e LEFT JOIN ledger_notification AS n ON n.id = e.notification_id
WHERE (e.xid, e.id) > (%s, %s) AND e.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
ORDER BY e.xid, e.id LIMIT %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One event of one notification."""

    at: datetime
    type: str
    data: dict[str, Any]


def tell(now: datetime) -> int:
    """Tell what is new, for half a second at most; returns how many webhooks that makes. For one process at a time (the
    scheduler); a second one waits for nothing and does nothing."""
    listeners = list(Endpoint.objects.filter(application=True, active=True, channel=ChannelKey.WEBHOOK).order_by("id"))
    if not listeners:
        EventFeed.objects.all().delete()
        return 0
    told, ends = 0, monotonic() + SECONDS_A_TICK
    while monotonic() < ends:
        count, more = _page(listeners, now)
        told += count
        if not more:
            break
    if told:
        bell.ring([lane_of(ChannelKey.WEBHOOK, bulk=True)])
        log.info("subscribers_told", webhooks=told)
    return told


def _page(listeners: Sequence[Endpoint], now: datetime) -> tuple[int, bool]:
    with transaction.atomic():
        feed = _feed()
        if feed is None:
            return 0, False
        rows = hot.fetch(_PAGE, [feed.xid, feed.event_id, PAGE])
        if not rows:
            return 0, False
        happened = [_happened(row) for row in rows if row[6] is not None and row[11] != FOR_ONE_ENDPOINT]
        told = sum(_say(endpoint, happened, now) for endpoint in listeners)
        feed.xid, feed.event_id = rows[-1][0], rows[-1][1]
        feed.save()
    return told, len(rows) == PAGE


def _feed() -> EventFeed | None:
    """The position, locked; at the head where telling begins just now. None: another process has it."""
    found = EventFeed.objects.select_for_update(skip_locked=True).first()
    if found is not None or EventFeed.objects.exists():
        return found
    ((oldest,),) = hot.fetch(_HEAD, [])
    return EventFeed.objects.create(xid=oldest - 1, event_id=_LAST_ID)


def _happened(row: tuple[Any, ...]) -> Happened:
    category = catalog.find(row[8])
    data = {
        "notification_id": str(row[2]),
        "request_id": str(row[10]),
        "user_id": str(row[6]),
        "channel": row[7],
        "category": category.key if category else "",
        "reference": row[9],
        "reason": row[5],
        "at": row[3],
    }
    return Happened(at=row[3], type=f"{PREFIX}{row[4]}", data=data)


def _say(endpoint: Endpoint, happened: Sequence[Happened], now: datetime) -> int:
    wanted = [
        each
        for each in happened
        if each.at >= endpoint.created_at
        and (not endpoint.events or any(matches(pattern, each.type) for pattern in endpoint.events))
    ]
    if wanted:
        request, form = _request(endpoint, now), _form(endpoint, now)
        open_request(request)
        own = [msgspec.json.encode({"type": each.type, "data": each.data}) for each in wanted]
        taken = [Taken(form=form, id=new_hex(), user_id=endpoint.user_id, own=each) for each in own]
        copy_accepted(request, taken, [], now)
    return len(wanted)


def _request(endpoint: Endpoint, now: datetime) -> NewRequest:
    shared = {
        "context": {},
        "data": {},
        "track": {"opens": False, "clicks": False},
        "inline": {"subject": "", "body": ""},
        "event": True,
        "endpoint": str(endpoint.id),
    }
    return NewRequest(
        id=new_id(),
        caller_kind=FOR_ONE_ENDPOINT,
        caller_id=endpoint.id,
        payload=msgspec.json.encode(shared),
        created_at=now,
    )


def _form(endpoint: Endpoint, now: datetime) -> Form:
    general = catalog.find(GENERAL)
    nobody = UUID(int=0)
    row = NewNotification(
        id=nobody,
        user_id=endpoint.user_id,
        channel=ChannelKey.WEBHOOK,
        category_id=general.id if general else 0,
        template_id=None,
        version_id=None,
        priority=LOW,
        status=Status.PENDING,
        bypass=True,
        due_at=now,
    )
    decision = DecisionRow(notification_id=nobody, at=now, stage="ingest", rule="subscription", outcome="allow")
    return Form(row=row, decision=decision)
