"""Sending groups: what a window collected goes out as one notification when its time is over.

The scheduler asks. A window is taken, its group accepted, and its items put to their end in one transaction under the
window's lock, so there is one group for each, however many schedulers run and whenever one dies. What a group says is
group_content.py's; it passes gate and limits like any other notification.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery import bell
from clarion.flows.delivery.collecting import RULE
from clarion.flows.delivery.group_content import GroupContent, content_for
from clarion.records import clock
from clarion.records.categories.catalog import catalog
from clarion.records.crashing import Point, crash_point
from clarion.records.digests import windows
from clarion.records.digests.models import Window
from clarion.records.ids import new_id
from clarion.records.ledger import journal, store
from clarion.records.ledger.models import Notification, QueueEntry
from clarion.records.ledger.rows import DecisionRow, Move, NewNotification, NewRequest
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts

PAGE = 50
PAGES_A_TICK = 20
log = structlog.get_logger()


def send_groups() -> int:
    """Send the groups of windows whose time is over; returns how many windows. What is left comes with the next one."""
    total = 0
    for _ in range(PAGES_A_TICK):
        count = _page(clock.now())
        total += count
        if count < PAGE:
            break
    return total


def _page(now: datetime) -> int:
    with transaction.atomic():
        due = windows.lock_due(PAGE, now)
        people = facts.load({window.user_id for window in due}, {window.category_id for window in due}) if due else {}
        for window in due:
            _send(window, people.get(window.user_id), now)
            windows.remove(window)
    return len(due)


def _send(window: Window, person: PersonFacts | None, now: datetime) -> None:
    ids = windows.collected_in(window)
    if not ids:
        return
    rows = list(Notification.objects.filter(pk__in=ids).order_by("id"))
    _end(ids, now)
    crash_point(Point.GROUP_CLOSING)
    # cancelled or suppressed meanwhile: it is not told of
    told = [row for row in rows if Status(row.status) in (Status.PENDING, Status.SCHEDULED, Status.DIGESTED)]
    if not told or person is None or not person.active:
        log.info("group_dropped", window=str(window.id), items=len(ids))
        return
    content = content_for(window, told, person, now)
    identifier = _accept(window, told, content, now)
    _link([row.id for row in told], identifier, now)
    log.info("group_accepted", window=str(window.id), notification=str(identifier), items=len(told))


def _end(ids: Sequence[UUID], now: datetime) -> None:
    """Items whose worker died between their collecting and their end are ended here; the others have ended already."""
    QueueEntry.objects.filter(pk__in=ids).delete()
    move([Move(notification_id=one, to=Status.DIGESTED, reason=Reason.GROUPED) for one in ids], now)


def _accept(window: Window, told: Sequence[Notification], content: GroupContent, now: datetime) -> UUID:
    last = told[-1]
    row = NewNotification(
        id=new_id(),
        user_id=window.user_id,
        channel=ChannelKey(window.channel),
        category_id=window.category_id,
        template_id=content.template.id if content.template else None,
        version_id=content.template.version_id if content.template else None,
        priority=min(row.priority for row in told),
        status=Status.PENDING,
        due_at=now,
    )
    request = NewRequest(
        id=new_id(),
        caller_kind=last.caller_kind,
        caller_id=last.caller_id,
        payload=msgspec.json.encode(content.payload),
        created_at=now,
    )
    category = catalog.find(window.category_id)
    detail = f"{len(told)} of {category.key if category else window.category_id} since {window.opened_at:%H:%M:%S} UTC"
    came = DecisionRow(notification_id=row.id, at=now, stage="limits", rule=RULE, outcome="allow", detail=detail)
    store.accept(request, [row], [came])
    bell.ring_after_commit([window.channel])
    return row.id


def _link(ids: Sequence[UUID], group: UUID, now: datetime) -> None:
    journal.append_decisions(
        DecisionRow(
            notification_id=one,
            at=now,
            stage="limits",
            rule=RULE,
            outcome=Status.DIGESTED,
            reason=Reason.GROUPED,
            detail=f"told of in {group}",
        )
        for one in ids
    )
