"""Sending groups: what a window collected goes out as one notification when its time is over.

The scheduler asks. A window is taken and its group accepted in one transaction under the window's lock, so there is one
group for each, however many schedulers run and whenever one dies. What was collected ends in the same transaction, and
beyond ROWS in further ones, so that no window is too large. What a group says is group_content.py's; it passes gate and
limits like any other notification.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery import bell, group_content
from clarion.flows.delivery.collecting import RULE
from clarion.flows.delivery.group_content import GroupContent, content_for
from clarion.records import clock
from clarion.records.categories.catalog import catalog
from clarion.records.crashing import Point, crash_point
from clarion.records.digests import windows
from clarion.records.digests.models import Window
from clarion.records.digests.windows import Gathered
from clarion.records.ids import new_id
from clarion.records.ledger import journal, store
from clarion.records.ledger.models import Notification, QueueEntry
from clarion.records.ledger.rows import DecisionRow, Move, NewNotification, NewRequest
from clarion.records.ledger.status import Status
from clarion.records.ledger.transitions import move
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts

PAGE = 50
ROWS = 500
PAGES_A_TICK = 20
# cancelled or suppressed meanwhile: it is not told of
TOLD = (Status.PENDING, Status.SCHEDULED, Status.DIGESTED)
log = structlog.get_logger()


def send_groups() -> int:
    """Send the groups of windows whose time is over; returns how many windows. What is left comes with the next one."""
    total = 0
    for _ in range(PAGES_A_TICK):
        count, more = _page(clock.now())
        total += count
        if not more:
            break
    return total


def _page(now: datetime) -> tuple[int, bool]:
    """Some windows and ROWS of what they collected; returns how many windows came to be told of, and whether more is
    waiting."""
    with transaction.atomic():
        due = windows.lock_due(PAGE, now)
        fresh = [window for window in due if window.told_at is None]
        people = facts.load({each.user_id for each in fresh}, {each.category_id for each in fresh}) if fresh else {}
        for window in fresh:
            _tell(window, people.get(window.user_id), now)
        room = ROWS
        for window in due:
            room -= _close(window, room, now)
    return len(fresh), room <= 0 or len(due) == PAGE


def _tell(window: Window, person: PersonFacts | None, now: datetime) -> None:
    """Accept the group, if there is one."""
    window.told_at = now
    if window.count <= window.above:
        return
    told = windows.gather(window, TOLD, group_content.SHOWN, now)
    if told is None or person is None or not person.active:
        log.info("group_dropped", window=str(window.id), items=window.count - window.above)
        return
    rows = {row.id: row for row in Notification.objects.filter(pk__in=[*told.first, told.last])}
    crash_point(Point.GROUP_CLOSING)
    content = content_for(window, told, [rows[one] for one in told.first], person, now)
    window.group_id = _accept(window, told, rows[told.last], content, now)
    log.info("group_accepted", window=str(window.id), notification=str(window.group_id), items=told.count)


def _close(window: Window, room: int, now: datetime) -> int:
    """Put so many of its items to their end, and remove it after the last; returns how many it were."""
    ids = windows.take_out(window, room) if room > 0 and window.count > window.above else []
    if ids:
        _end(window, ids, now)
    if len(ids) < room or window.count <= window.above:
        windows.remove(window)
    else:
        windows.keep_told(window)
    return len(ids)


def _end(window: Window, ids: Sequence[UUID], now: datetime) -> None:
    """Items whose worker died between their collecting and their end are ended here; the others have ended already.
    What was no longer worth sending when its group was sent has expired."""
    rows = Notification.objects.filter(pk__in=ids, status__in=TOLD).values_list("id", "expires_at")
    late = {one for one, expires_at in rows if expires_at and window.told_at and expires_at <= window.told_at}
    told = [one for one, _ in rows if one not in late]
    QueueEntry.objects.filter(pk__in=ids).delete()
    moves = [Move(notification_id=one, to=Status.DIGESTED, reason=Reason.GROUPED) for one in told]
    move([*moves, *(Move(notification_id=one, to=Status.EXPIRED, reason=Reason.EXPIRED) for one in late)], now)
    _note_expired(late, now)
    if window.group_id is not None:
        _link(told, window.group_id, now)


def _accept(window: Window, told: Gathered, last: Notification, content: GroupContent, now: datetime) -> UUID:
    row = NewNotification(
        id=new_id(),
        user_id=window.user_id,
        channel=ChannelKey(window.channel),
        category_id=window.category_id,
        template_id=content.template.id if content.template else None,
        version_id=content.template.version_id if content.template else None,
        priority=told.priority,
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
    detail = f"{told.count} of {category.key if category else window.category_id} since {window.opened_at:%H:%M:%S} UTC"
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


def _note_expired(ids: Collection[UUID], now: datetime) -> None:
    journal.append_decisions(
        DecisionRow(
            notification_id=one,
            at=now,
            stage="limits",
            rule=RULE,
            outcome=Status.EXPIRED,
            reason=Reason.EXPIRED,
            detail="before its group was sent",
        )
        for one in ids
    )
