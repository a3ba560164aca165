"""Chains that watch the clock: the next channel takes over from a notification that was not read in time, or where
nothing can be read, has not arrived. The scheduler asks; what is due is acted on page by page, each in one transaction.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery.fallback import Link, hand_on, links, next_of
from clarion.records import clock
from clarion.records.inbox.models import InboxItem
from clarion.records.ledger import awaiting, fallbacks, queue, transitions
from clarion.records.ledger.models import Notification
from clarion.records.ledger.rows import Move
from clarion.records.ledger.status import WAITING, Status
from clarion.records.ledger.transitions import move

PAGE = 200
PAGES_A_TICK = 5
BUSY = timedelta(seconds=5)
READABLE = frozenset({ChannelKey.IN_APP, ChannelKey.WEBSOCKET})


class Due(StrEnum):
    """What a timer that is due asks for."""

    NOTHING = "nothing"
    LATER = "later"
    GIVE_UP = "give_up"
    GO_ON = "go_on"


def due_for(channel: str, status: Status, expected: datetime, now: datetime) -> Due:
    """GIVE_UP: it has not even left, so it must be stopped before the next may go. GO_ON: it left, and came to nothing
    that counts. What ended otherwise (read, cancelled, failed, suppressed, expired) asks for nothing."""
    if status in WAITING:
        return Due.GIVE_UP if now >= expected else Due.LATER
    if status is Status.SENT or (status is Status.DELIVERED and channel in READABLE):
        return Due.GO_ON if now >= expected else Due.LATER
    return Due.NOTHING


def hand_on_due() -> int:
    """Act on the timers that are due; returns how many there were. What is left over comes with the next tick."""
    total = 0
    for _ in range(PAGES_A_TICK):
        count = _page(clock.now())
        total += count
        if count < PAGE:
            break
    return total


def _page(now: datetime) -> int:
    with transaction.atomic():
        ids = fallbacks.take_due(PAGE, now)
        again = []
        for link in links(ids):
            later = _act(link, now)
            if later is not None:
                again.append((link.row.id, later))
        fallbacks.set_timers(again)
    return len(ids)


def _act(link: Link, now: datetime) -> datetime | None:
    """Do what the timer asks for; returns when to look again, None when it is done."""
    row, expected = link.row, _expected(link)
    if expected is None or link.handed_on_before:
        return None
    match due_for(row.channel, Status(row.status), expected, now):
        case Due.LATER:
            return expected
        case Due.GIVE_UP:
            return _give_up(link, now)
        case Due.GO_ON if _still(row):
            if _was_read(row):
                return None
            hand_on(link, f"{row.status}, but not {_wanted(row.channel)} in time", now)
            return None
        case Due.GO_ON:
            return now
    return None


def _expected(link: Link) -> datetime | None:
    """By when it should have been read: counted from when it was due to leave."""
    row = link.row
    return max(row.created_at, row.scheduled_at or row.created_at) + link.chain.after if link.chain.after else None


def _give_up(link: Link, now: datetime) -> datetime | None:
    """Stop what still waits, so that never two channels are at work; while a worker holds it, look again soon. With no
    channel to take over it is left to go on trying."""
    row = link.row
    if next_of(link, now).channel is None:
        hand_on(link, "", now)  # puts on record why there is none
        return None
    if queue.withdraw(row.id):
        move([Move(notification_id=row.id, to=Status.CANCELLED, reason=Reason.SUPERSEDED)], now)
    elif awaiting.take(row.id):
        move([Move(notification_id=row.id, to=Status.FAILED, reason=Reason.UNCLEAR)], now)
        transitions.take_dead_letters([row.id])
    else:
        return now + BUSY
    hand_on(link, f"not {_wanted(row.channel)} in time", now)
    return None


def _still(row: Notification) -> bool:
    """Whether it stands where it was seen, and stays there until this transaction ends."""
    held = Notification.objects.select_for_update().filter(pk=row.pk, status=row.status)
    return bool(list(held.values_list("pk")))


def _was_read(row: Notification) -> bool:
    """Whether the inbox knows better: an item may be read in the moment before its delivery is settled."""
    return row.channel in READABLE and InboxItem.objects.filter(pk=row.pk, read_at__isnull=False).exists()


def _wanted(channel: str) -> str:
    return "read" if channel in READABLE else "delivered"
