"""The frames that a socket is told of what others did: items, changes, counts. Shapes only; what a client may say and
what answers it are surfaces/realtime/frames.py's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from clarion.contract.host import InboxItem
from clarion.records.inbox.changing import Change, Changed
from clarion.records.inbox.reading import Item, Standing

_ENCODER = msgspec.json.Encoder()


class Note(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One inbox item as a client sees it. `seq` numbers the person's items, `rev` the changes of their inbox."""

    id: str
    seq: int
    rev: int
    channel: str
    category: str
    priority: int
    title: str
    body: str
    data: Mapping[str, Any] | None
    created_at: str
    read: bool
    seen: bool = False
    dismissed: bool = False
    archived: bool = False
    recalled: bool = False
    snoozed_until: str | None = None
    group: str = ""
    acted: str = ""


def note_of(item: Item) -> Note:
    """A stored item."""
    return Note(
        id=str(item.id),
        seq=item.seq,
        rev=item.rev,
        channel=item.channel,
        category=item.category,
        priority=item.priority,
        title="" if item.recalled_at else item.title,
        body="" if item.recalled_at else item.body,
        data=None if item.recalled_at else item.data,
        created_at=item.created_at.isoformat(),
        read=item.read_at is not None,
        seen=item.seen_at is not None,
        dismissed=item.dismissed_at is not None,
        archived=item.archived_at is not None,
        recalled=item.recalled_at is not None,
        snoozed_until=item.snoozed_until.isoformat() if item.snoozed_until else None,
        group=item.group,
        acted=item.acted,
    )


def note_of_new(item: InboxItem) -> Note:
    """An item that was appended just now."""
    return Note(
        id=item.id,
        seq=item.seq,
        rev=item.rev,
        channel=item.channel,
        category=item.category,
        priority=item.priority,
        title=item.title,
        body=item.body,
        data=item.data,
        created_at=item.created_at.isoformat(),
        read=False,
        group=item.group,
    )


def notification(note: Note) -> str:
    """An item that is new to the client."""
    return frame("notification", note)


def changed_items(notes: Sequence[Note], rev: int) -> str:
    """What has become of items that the client knows, as of a revision."""
    return frame("update", {"rev": rev, "items": notes})


def changed_all(kind: Change, rev: int) -> str:
    """A change of so many items that they are not named: every item that it fits, and that the client knows."""
    return frame("update", {"rev": rev, "items": [], "all": kind})


def unread(now: Standing | Changed) -> str:
    """How many items are unread and unseen, as of a revision."""
    return frame("unread", {"count": now.unread, "unseen": now.unseen, "rev": now.rev})


def room(key: str, count: int, online: Sequence[str] | None) -> str:
    """Who is in a room now; `online` None: too many to name."""
    return frame("room", {"room": key, "count": count} | ({} if online is None else {"online": online}))


def presence(key: str, user: str, last_seen: datetime | None = None) -> str:
    """Somebody came into a room, or (`last_seen`) left it."""
    data: dict[str, object] = {"room": key, "user_id": user, "online": last_seen is None}
    return frame("presence", data | ({"last_seen": last_seen.isoformat()} if last_seen else {}))


def frame(kind: str, data: object) -> str:
    """Any frame."""
    return _ENCODER.encode({"type": kind, "data": data}).decode()
