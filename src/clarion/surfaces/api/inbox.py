"""The caller's own inbox."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.inbox import reading
from clarion.records.inbox.changing import Change
from clarion.records.inbox.reading import Item
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Object
from clarion.surfaces.api.problems import Refusal

Sequence = Annotated[int, Meta(ge=0, le=2**62)]


class ItemOut(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox item; `seq` grows with each item of the person."""

    id: UUID
    channel: str
    seq: int
    title: str
    body: str
    data: Object
    category: str
    priority: int
    created_at: Instant
    read: bool
    read_at: Instant | None
    dismissed_at: Instant | None


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """Items. With `since`: oldest first, to catch up, and `last_seq` says how far there is. Else newest first, and
    `next_before` is the `before` of the next page."""

    results: list[ItemOut]
    last_seq: int
    unread_count: int
    next_before: int | None = None


class InboxQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`since`: after this number; `before`: below this number; `status`: unread, read or all."""

    since: Sequence | None = None
    before: Sequence | None = None
    status: Literal["all", "unread", "read"] = "all"
    page_size: Annotated[int, Meta(ge=1, le=200)] = 50


class UnreadCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many items are unread."""

    count: int
    unread_count: int


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """What the item is now, how many items changed, and how many are unread now."""

    status: str
    changed: int
    unread_count: int


def _out(item: Item) -> ItemOut:
    return ItemOut(
        id=item.id,
        channel=item.channel,
        seq=item.seq,
        title=item.title,
        body=item.body,
        data=item.data,
        category=item.category,
        priority=item.priority,
        created_at=item.created_at,
        read=item.read_at is not None,
        read_at=item.read_at,
        dismissed_at=item.dismissed_at,
    )


def _mark(call: Call, kind: Change, status: str, ids: list[UUID] | None) -> Answer:
    changed = flow.mark(call.caller.user_id, kind, clock.now(), ids=ids)
    return Answer(value=Marked(status=status, changed=len(changed.items), unread_count=changed.unread))


def _own(call: Call, identifier: UUID) -> None:
    if reading.one(call.caller.user_id, identifier) is None:
        raise Refusal(404, "item_not_found", "there is no such item in your inbox")


class InboxView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, query=InboxQuery, answers={200: Items})
    def get(self, call: Call) -> Answer:
        """List my inbox, or catch up since a sequence number."""
        query: InboxQuery = call.query
        user = call.caller.user_id
        if query.since is not None:
            found = reading.since(user, query.since, query.page_size)
        else:
            found = reading.newest(user, query.status, query.before, query.page_size)
        full = query.since is None and len(found) == query.page_size
        now = reading.standing(user)
        value = Items(
            results=[_out(item) for item in found],
            last_seq=now.seq,
            unread_count=now.unread,
            next_before=found[-1].seq if full else None,
        )
        return Answer(value=value)


class UnreadView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: UnreadCount})
    def get(self, call: Call) -> Answer:
        """Count my unread items."""
        count = reading.standing(call.caller.user_id).unread
        return Answer(value=UnreadCount(count=count, unread_count=count))


class ReadView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Mark an item as read."""
        _own(call, id)
        return _mark(call, Change.READ, "read", [id])


class DismissView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Put an item away."""
        _own(call, id)
        return _mark(call, Change.DISMISS, "dismissed", [id])


class ReadAllView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked})
    def post(self, call: Call) -> Answer:
        """Mark all my items as read."""
        return _mark(call, Change.READ, "read", None)
