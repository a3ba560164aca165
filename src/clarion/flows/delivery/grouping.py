"""Sending groups and digests: what a window collected goes out as one notification when its time is over.

The scheduler asks. A window is taken and its message accepted in one transaction under the window's lock, so there is
one for each, however many schedulers run and whenever one dies. What was collected ends in the same transaction, and
beyond ROWS in further ones, so that no window is too large. What is not told of any more (read in the inbox, expired,
not wanted) is settled in the first one. In its recipient's quiet hours a window's message waits. It passes gate and
limits like any other notification; what it says is group_content.py's and digest_content.py's.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from time import monotonic
from uuid import UUID

import msgspec
import structlog
from django.db import InterfaceError, OperationalError, transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery import bell, closing, digest_content, group_content
from clarion.flows.delivery.collecting import RULE
from clarion.flows.delivery.digest_template import DIGEST
from clarion.flows.delivery.group_content import GroupContent
from clarion.records import clock
from clarion.records.categories.catalog import CategoryFacts, catalog
from clarion.records.crashing import Point, crash_point
from clarion.records.digests import windows
from clarion.records.digests.models import Kind, Window
from clarion.records.digests.windows import TOLD_IN, Gathered
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
# the scheduler has more to do than this: when a whole zone's digests are due, they go out tick by tick
TICK_SECONDS = 2.0
AGAIN = timedelta(minutes=10)
"""So long a window waits whose message could not be made."""
# cancelled or suppressed meanwhile: it is not told of
TOLD = (Status.PENDING, Status.SCHEDULED, Status.DIGESTED)
# why an item was left out, where that is an end of its own: the state it ends at; READ stays `digested`
_ENDED = "ended"
_READ = "read"
log = structlog.get_logger()


def send_groups() -> int:
    """Send the messages of windows whose time is over; returns how many windows were told of. What is left comes with
    the next one."""
    _have_category()
    total, until = 0, monotonic() + TICK_SECONDS
    for _ in range(PAGES_A_TICK):
        count, more = _page(clock.now())
        total += count
        if not more or monotonic() > until:
            break
    return total


def _have_category() -> None:
    """The category of digests is made in a transaction of its own: who remembers it must not remember one that was
    rolled back."""
    if catalog.find(digest_content.KEY) is None and Window.objects.exclude(kind=Kind.BURST).exists():
        digest_content.digest_category()


def _page(now: datetime) -> tuple[int, bool]:
    """Some windows and ROWS of what they collected; returns how many windows came to be told of, and whether more is
    waiting."""
    with transaction.atomic():
        due = windows.lock_due(PAGE, now)
        fresh = [window for window in due if window.told_at is None]
        within = windows.categories_of(fresh)
        concerned = {one for ids in within.values() for one in ids} | {_category_id(window) for window in fresh}
        people = facts.load({each.user_id for each in fresh}, concerned) if fresh else {}
        waiting = {w.id for w in fresh if not _told(w, within.get(w.id, []), people.get(w.user_id), now)}
        room = ROWS
        for window in due:
            if window.id not in waiting:
                room -= _close(window, room, now)
    return len(fresh) - len(waiting), room <= 0 or len(due) == PAGE


def _category_id(window: Window) -> int:
    return window.category_id if window.kind == Kind.BURST else digest_content.digest_category().id


def _told(window: Window, within: Collection[int], person: PersonFacts | None, now: datetime) -> bool:
    """As `_tell`. A window whose message cannot be made waits by itself: it must not hold up everybody's."""
    try:
        with transaction.atomic():
            return _tell(window, within, person, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as bug:
        log.error("group_failed", window=str(window.id), kind=type(bug).__name__, exc_info=bug)
        windows.keep_waiting(window, now + AGAIN)
        return False


def _tell(window: Window, within: Collection[int], person: PersonFacts | None, now: datetime) -> bool:
    """Accept the window's message, if there is one; False: it has to wait."""
    if window.count <= window.above:
        window.told_at = now
        return True
    if person is not None and person.active:
        windows.leave_out(window, TOLD, closing.unwanted(window, within, person, now), now)
        told = windows.gather(window, group_content.SHOWN)
        if told is not None:
            return _may_tell(window, told, person, now)
    window.told_at = now
    log.info("group_dropped", window=str(window.id), kind=str(window.kind), items=window.count - window.above)
    return True


def _may_tell(window: Window, told: Gathered, person: PersonFacts, now: datetime) -> bool:
    category = catalog.find(_category_id(window))
    until = closing.waits_until(window, category, told.priority, person, now) if category else None
    if until is not None:
        windows.keep_waiting(window, until)
        return False
    window.told_at = now
    crash_point(Point.GROUP_CLOSING)
    rows = list(Notification.objects.filter(pk__in=told.first))
    make = group_content.group_content if window.kind == Kind.BURST else digest_content.digest_content
    content = make(window, told, rows, person, now)
    window.group_id = _accept(window, told, content, category, now)
    log.info("group_accepted", window=str(window.id), notification=str(window.group_id), items=told.count)
    return True


def _close(window: Window, room: int, now: datetime) -> int:
    """Put so many of its items to their end, and remove it after the last; returns how many it were."""
    items = windows.take_out(window, room) if room > 0 and window.count > window.above else {}
    if items:
        _end(window, items, now)
    if len(items) < room or window.count <= window.above:
        windows.remove(window)
    else:
        windows.keep_told(window)
    return len(items)


def _end(window: Window, items: Mapping[UUID, str], now: datetime) -> None:
    """Items whose worker died between their collecting and their end are ended here; the others have ended already.
    What was no longer worth sending when its message was made has expired, what was not wanted any more is
    suppressed."""
    ends = {one: _end_of(window, why) for one, why in items.items() if why != _ENDED}
    QueueEntry.objects.filter(pk__in=list(items)).delete()
    move([Move(notification_id=one, to=to, reason=reason) for one, (to, reason) in ends.items()], now)
    journal.append_decisions(_decision(window, one, items[one], *end, now) for one, end in ends.items())


def _end_of(window: Window, why: str) -> tuple[Status, str]:
    if why in ("", _READ):
        return Status.DIGESTED, Reason.GROUPED if window.kind == Kind.BURST else Reason.DIGESTED
    return (Status.EXPIRED if why == Reason.EXPIRED else Status.SUPPRESSED), why


def _decision(window: Window, one: UUID, why: str, to: Status, reason: str, now: datetime) -> DecisionRow:
    if why == _READ:
        detail = "left out: it was read in the inbox"
    elif why:
        detail = "before it was told of"
    else:
        detail = f"{TOLD_IN}{window.group_id}" if window.group_id else "there was nobody to tell"
    return DecisionRow(
        notification_id=one, at=now, stage="limits", rule=_rule(window), outcome=to, reason=reason, detail=detail
    )


def _rule(window: Window) -> str:
    return RULE if window.kind == Kind.BURST else DIGEST


def _accept(
    window: Window, told: Gathered, content: GroupContent, category: CategoryFacts | None, now: datetime
) -> UUID:
    """Store the message as its newest item's caller sent it."""
    caller_kind, caller_id = Notification.objects.values_list("caller_kind", "caller_id").get(pk=told.last)
    row = NewNotification(
        id=new_id(),
        user_id=window.user_id,
        channel=ChannelKey(window.channel),
        category_id=category.id if category else window.category_id,
        template_id=content.template.id if content.template else None,
        version_id=content.template.version_id if content.template else None,
        priority=told.priority,
        status=Status.PENDING,
        due_at=now,
    )
    request = NewRequest(
        id=new_id(),
        caller_kind=caller_kind,
        caller_id=caller_id,
        payload=msgspec.json.encode(content.payload),
        created_at=now,
    )
    of_what = category.key if category and window.kind == Kind.BURST else f"the {window.kind} digest"
    detail = f"{told.count} of {of_what} since {window.opened_at:%Y-%m-%dT%H:%M:%SZ}"
    came = DecisionRow(
        notification_id=row.id, at=now, stage="limits", rule=_rule(window), outcome="allow", detail=detail
    )
    store.accept(request, [row], [came])
    bell.ring_after_commit([window.channel])
    return row.id
