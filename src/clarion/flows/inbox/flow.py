"""Changing an inbox, step by step: change the items, the counts and the ledger → tell the person's sockets.

The change is durable when a function returns; the telling is a hint, and a socket that misses it reads the inbox.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from clarion.contract.faults import Unreachable
from clarion.records.inbox import changing, reading
from clarion.records.inbox.changing import Change, Changed
from clarion.records.inbox.reading import Item
from clarion.records.inbox.store import seal
from clarion.records.ledger import journal
from clarion.records.live import frames
from clarion.records.live.layer import LiveLayer

SHOWN_MOST = 50
WOKEN_AT_ONCE = 200
ACTED = "acted"
REVISED = "revised"
RECALLED = "recalled"
log = structlog.get_logger()


def mark(
    user_id: UUID, kind: Change, now: datetime, *, ids: Collection[UUID] | None = None, until: datetime | None = None
) -> Changed:
    """Make the change of these items, or of all that it fits; those of others and those it changes nothing of are
    passed over. `until` is for SNOOZE."""
    changed = changing.change(user_id, kind, now, ids=ids, until=until)
    _tell_after_commit(user_id, kind, changed, whole=ids is None)
    return changed


def act(user_id: UUID, identifier: UUID, action: str, now: datetime) -> Changed:
    """The person takes an action of an item: an event of the notification, which the application's endpoints hear of,
    signed. Only the first action of an item counts."""
    with transaction.atomic():
        changed = changing.change(user_id, Change.ACT, now, ids=[identifier], action=action)
        journal.append_events((item, now, ACTED, action) for item in changed.items)
    _tell_after_commit(user_id, Change.ACT, changed)
    return changed


def recall(user_id: UUID, identifier: UUID, now: datetime) -> Changed:
    """Take an item back that was delivered: its content is gone for the person, everywhere at once."""
    return _by_sender(user_id, identifier, Change.RECALL, RECALLED, now, content=None)


def revise(user_id: UUID, identifier: UUID, given: Mapping[str, object], now: datetime) -> Changed:
    """Replace these of title, body and data of an item that was delivered, everywhere at once."""
    item = reading.one(user_id, identifier)
    if item is None:
        return Changed(items=(), rev=0, unread=0, unseen=0)
    content = {"title": item.title, "body": item.body, "data": item.data, **given}
    sealed = seal(str(identifier), msgspec.json.encode(content))
    return _by_sender(user_id, identifier, Change.REVISE, REVISED, now, content=sealed)


def _by_sender(user_id: UUID, identifier: UUID, kind: Change, event: str, now: datetime, **more: Any) -> Changed:
    with transaction.atomic():
        changed = changing.change(user_id, kind, now, ids=[identifier], **more)
        journal.append_events((item, now, event, "") for item in changed.items)
    _tell_after_commit(user_id, kind, changed)
    return changed


def wake(now: datetime) -> int:
    """What was snoozed until now is new again; returns how many inboxes. What is left comes with the next tick."""
    due = reading.snoozed_until(now, WOKEN_AT_ONCE)
    for user_id, ids in due.items():
        mark(user_id, Change.WAKE, now, ids=ids)
    return len(due)


def _tell_after_commit(user_id: UUID, kind: Change, changed: Changed, whole: bool = False) -> None:
    if changed.items:
        transaction.on_commit(partial(_tell, user_id, kind, changed, whole))


def _tell(user_id: UUID, kind: Change, changed: Changed, whole: bool) -> None:
    """Show a change to the person's sockets. A change of the `whole` inbox is told of as one; many items of a part of
    it (a category, a group) are read by the sockets themselves, for nobody may take them for all."""
    if len(changed.items) <= SHOWN_MOST:
        told = [frames.changed_items(_notes(reading.some(user_id, changed.items)), changed.rev), frames.unread(changed)]
    else:
        told = [frames.changed_all(kind, changed.rev), frames.unread(changed)] if whole else [""]
    try:
        LiveLayer().tell(user_id, told, changed.rev)
    except Unreachable:
        log.warning("change_not_told", items=len(changed.items))


def _notes(items: list[Item]) -> list[frames.Note]:
    return [frames.note_of(item) for item in items]
