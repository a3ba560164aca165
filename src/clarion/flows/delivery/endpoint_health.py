"""What calls to endpoints say of the endpoints: gone (410, a webhook that was removed) or without success for days,
they are taken out of use in the transaction that settles, and their owner is told in the inbox."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import bell
from clarion.flows.delivery.work import Fate
from clarion.records.categories.catalog import GENERAL, catalog
from clarion.records.ids import new_id
from clarion.records.ledger import store
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.ledger.status import Status
from clarion.records.people import endpoints
from clarion.records.people.endpoints import FAILING_FOR, GONE, Disabled
from clarion.records.preferences.rules import HIGH

CALLER_KIND = "system"
log = structlog.get_logger()
_WHY = {
    GONE: "Its receiver says that it is gone for good.",
    endpoints.FAILING: f"It took nothing for {FAILING_FOR.days} days.",
}


def note(fates: Sequence[Fate], now: datetime) -> None:
    """Write down how the endpoints of a settled group did. All fates are of one channel."""
    if not fates or fates[0].work.channel not in (ChannelKey.WEBHOOK, ChannelKey.CHAT):
        return
    tried = [row for fate in fates for row in fate.attempts if row.place]
    well = {UUID(row.place) for row in tried if row.outcome == "sent"}
    gone = {UUID(target.place) for fate in fates for target in fate.dead if target.place}
    ill = {UUID(row.place) for row in tried} - well | gone
    for disabled in endpoints.note_health(well - gone, ill, gone, now):
        log.warning("endpoint_disabled", endpoint=str(disabled.id), channel=disabled.channel, why=disabled.why)
        _tell_owner(disabled, now)


def _tell_owner(disabled: Disabled, now: datetime) -> None:
    """A notice in the owner's inbox; durable with the transaction around us."""
    category = catalog.find(GENERAL)
    if category is None:
        return
    request = NewRequest(
        id=new_id(),
        caller_kind=CALLER_KIND,
        caller_id=disabled.id,
        payload=_payload(disabled),
        created_at=now,
    )
    notice = NewNotification(
        id=new_id(),
        user_id=disabled.user_id,
        channel=ChannelKey.IN_APP,
        category_id=category.id,
        template_id=None,
        version_id=None,
        priority=HIGH,
        status=Status.PENDING,
        reference=f"endpoint.disabled:{disabled.id}",
        due_at=now,
    )
    decision = DecisionRow(
        notification_id=notice.id,
        at=now,
        stage="settle",
        rule="endpoint_disabled",
        outcome="allow",
        detail=disabled.why,
    )
    store.accept(request, [notice], [decision])
    bell.ring_after_commit([ChannelKey.IN_APP])


def _payload(disabled: Disabled) -> bytes:
    name = f"“{disabled.label}”" if disabled.label else f"{disabled.id}"
    words = (
        f"The {disabled.channel} endpoint {name} gets nothing any more. {_WHY[disabled.why]} Enable it when it is well."
    )
    data = {"endpoint_id": str(disabled.id), "event": "endpoint.disabled", "why": disabled.why}
    return msgspec.json.encode(
        {
            "context": {},
            "data": data,
            "track": {"opens": False, "clicks": False},
            "inline": {"subject": "An endpoint was taken out of use", "body": words},
        }
    )
