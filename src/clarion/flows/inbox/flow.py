"""Marking, step by step: change the items, the counts and the ledger → tell the person's sockets.

The change is durable when this returns; the telling is a hint, and a socket that misses it reads the inbox.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import structlog

from clarion.contract.faults import Unreachable
from clarion.records.inbox import changing, reading
from clarion.records.inbox.changing import Change, Changed
from clarion.records.live import frames
from clarion.records.live.layer import LiveLayer

SHOWN_MOST = 50
log = structlog.get_logger()


def mark(
    user_id: UUID, kind: Change, now: datetime, *, ids: Collection[UUID] | None = None, until: datetime | None = None
) -> Changed:
    """Make the change of these items, or of all that it fits; those of others and those it changes nothing of are
    passed over."""
    changed = changing.change(user_id, kind, now, ids=ids, until=until)
    if changed.items:
        tell(user_id, kind, changed)
    return changed


def tell(user_id: UUID, kind: Change, changed: Changed) -> None:
    """Show a change to the person's sockets; many items at once are told of as one."""
    if len(changed.items) > SHOWN_MOST:
        update = frames.changed_all(kind, changed.rev)
    else:
        update = frames.changed_items([frames.note_of(i) for i in reading.some(user_id, changed.items)], changed.rev)
    try:
        LiveLayer().tell(user_id, [update, frames.unread(changed)], changed.rev)
    except Unreachable:
        log.warning("change_not_told", items=len(changed.items))
