"""The caller's own inbox: what stands in it, and what the caller does with it."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.inbox import reading
from clarion.records.inbox.changing import Change, Changed
from clarion.records.inbox.reading import Item, Wanted
from clarion.records.local_time import local_to_instant
from clarion.records.people.models import User
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Object, Text
from clarion.surfaces.api.problems import Refusal

Sequence = Annotated[int, Meta(ge=0, le=2**62)]
SNOOZED_MOST = timedelta(days=366)
Minutes = Annotated[int, Meta(ge=1, le=366 * 24 * 60)]
Group = Annotated[str, Meta(max_length=100)]


class ItemOut(msgspec.Struct, frozen=True, kw_only=True):
    """An inbox item; `seq` grows with each item of the person, `rev` with each change of their inbox. `acted`: the key
    of the action that was taken. `group_count` and `group_unread` are of its group where the list is grouped."""

    id: UUID
    channel: str
    seq: int
    rev: int
    title: str
    body: str
    data: Object
    category: str
    group: str
    priority: int
    created_at: Instant
    read: bool
    read_at: Instant | None
    seen_at: Instant | None
    dismissed_at: Instant | None
    archived_at: Instant | None
    snoozed_until: Instant | None
    recalled_at: Instant | None
    acted: str
    group_count: int = 1
    group_unread: int = 0


class Items(msgspec.Struct, frozen=True, kw_only=True):
    """Items. With `since`: oldest first, to catch up, and `last_seq` says how far there is; with `since_rev`: by their
    latest change, up to `last_rev`. Else newest first, and `next_before` is the `before` of the next page."""

    results: list[ItemOut]
    last_seq: int
    last_rev: int
    unread_count: int
    unseen_count: int
    next_before: int | None = None


class InboxQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`since`: items after this number; `since_rev`: what changed after this revision, what was put away or recalled
    too; `before`: below this number; `status`: which items; `grouped`: of each group the newest only."""

    since: Sequence | None = None
    since_rev: Sequence | None = None
    before: Sequence | None = None
    status: Literal["all", "unread", "read", "snoozed", "archived"] = "all"
    category: Text = ""
    group: Group = ""
    grouped: bool = False
    page_size: Annotated[int, Meta(ge=1, le=200)] = 50


class UnreadCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many items are unread, and how many were never shown."""

    count: int
    unread_count: int
    unseen_count: int


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """What the item is now, how many items changed, how many are unread and unseen now, and the inbox's revision."""

    status: str
    changed: int
    unread_count: int
    unseen_count: int
    rev: int


class Which(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All items, or those of a category or a group."""

    category: Text = ""
    group: Group = ""


class SnoozeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when: an instant, a time on the person's own clock (`2026-11-21T08:00`), or so many minutes from now; one
    of the three."""

    until: Instant | None = None
    local_until: datetime | None = None
    minutes: Minutes | None = None


def _out(item: Item, count: int = 1, unread: int | None = None) -> ItemOut:
    gone = item.recalled_at is not None
    return ItemOut(
        id=item.id,
        channel=item.channel,
        seq=item.seq,
        rev=item.rev,
        title="" if gone else item.title,
        body="" if gone else item.body,
        data={} if gone else item.data,
        category=item.category,
        group=item.group,
        priority=item.priority,
        created_at=item.created_at,
        read=item.read_at is not None,
        read_at=item.read_at,
        seen_at=item.seen_at,
        dismissed_at=item.dismissed_at,
        archived_at=item.archived_at,
        snoozed_until=item.snoozed_until,
        recalled_at=item.recalled_at,
        acted=item.acted,
        group_count=count,
        group_unread=int(item.read_at is None) if unread is None else unread,
    )


def _marked(changed: Changed, status: str) -> Answer:
    value = Marked(
        status=status,
        changed=len(changed.items),
        unread_count=changed.unread,
        unseen_count=changed.unseen,
        rev=changed.rev,
    )
    return Answer(value=value)


def _own(call: Call, identifier: UUID) -> Item:
    item = reading.one(call.caller.user_id, identifier)
    if item is None:
        raise Refusal(404, "item_not_found", "there is no such item in your inbox")
    return item


class InboxView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, query=InboxQuery, answers={200: Items})
    def get(self, call: Call) -> Answer:
        """List my inbox, or catch up since a number or a revision."""
        query: InboxQuery = call.query
        user = call.caller.user_id
        now = reading.standing(user)  # before the items: what comes in between is told again, never left out
        results = _results(user, query)
        full = query.since is None and query.since_rev is None and len(results) == query.page_size
        value = Items(
            results=results,
            last_seq=now.seq,
            last_rev=now.rev,
            unread_count=now.unread,
            unseen_count=now.unseen,
            next_before=results[-1].seq if full else None,
        )
        return Answer(value=value)


def _results(user: UUID, query: InboxQuery) -> list[ItemOut]:
    if query.since_rev is not None:
        return [_out(item) for item in reading.changed_since(user, query.since_rev, query.page_size)]
    if query.since is not None:
        return [_out(item) for item in reading.since(user, query.since, query.page_size)]
    wanted = Wanted(status=query.status, before=query.before, category=query.category, group=query.group)
    if query.grouped:
        return [_out(*each) for each in reading.newest_of_groups(user, wanted, query.page_size)]
    return [_out(item) for item in reading.newest(user, wanted, query.page_size)]


class UnreadView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: UnreadCount})
    def get(self, call: Call) -> Answer:
        """Count my unread items, and those never shown."""
        now = reading.standing(call.caller.user_id)
        return Answer(value=UnreadCount(count=now.unread, unread_count=now.unread, unseen_count=now.unseen))


class ItemView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: ItemOut}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show an item."""
        return Answer(value=_out(_own(call, id)))


class _Marking(Endpoint):
    """One change of one item."""

    tag = "inbox"
    change: Change
    status: str

    def _mark(self, call: Call, identifier: UUID) -> Answer:
        _own(call, identifier)
        return _marked(flow.mark(call.caller.user_id, self.change, clock.now(), ids=[identifier]), self.status)


class ReadView(_Marking):
    change, status = Change.READ, "read"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Mark an item as read."""
        return self._mark(call, id)


class UnreadItemView(_Marking):
    change, status = Change.UNREAD, "unread"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Mark an item as unread again."""
        return self._mark(call, id)


class DismissView(_Marking):
    change, status = Change.DISMISS, "dismissed"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Put an item away for good."""
        return self._mark(call, id)


class ArchiveView(_Marking):
    change, status = Change.ARCHIVE, "archived"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Archive an item: read, out of the list, kept."""
        return self._mark(call, id)


class RestoreView(_Marking):
    change, status = Change.RESTORE, "restored"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Take an item out of the archive."""
        return self._mark(call, id)


class SnoozeView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, body=SnoozeIn, answers={200: Marked}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Put an item off: it comes back as new."""
        _own(call, id)
        until = _until(call.body, call.caller.user_id)
        return _marked(flow.mark(call.caller.user_id, Change.SNOOZE, clock.now(), ids=[id], until=until), "snoozed")

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404,))
    def delete(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Bring an item back at once."""
        _own(call, id)
        return _marked(flow.mark(call.caller.user_id, Change.WAKE, clock.now(), ids=[id]), "awake")


def _until(body: SnoozeIn, user_id: UUID) -> datetime:
    given = [value for value in (body.until, body.local_until, body.minutes) if value is not None]
    if len(given) != 1:
        raise InputError("ambiguous_time", "give until, local_until or minutes, one of them", pointer="/until")
    now = clock.now()
    if body.minutes is not None:
        return now + timedelta(minutes=body.minutes)
    until = body.until if body.until is not None else _on_their_clock(body.local_until, user_id)
    if until <= now:
        raise InputError("time_in_the_past", "the time to come back is over already", pointer="/until")
    if until > now + SNOOZED_MOST:
        raise InputError("time_too_far", "an item may be put off for a year at most", pointer="/until")
    return until


def _on_their_clock(local: datetime | None, user_id: UUID) -> datetime:
    assert local is not None
    if local.tzinfo is not None:
        raise InputError("invalid_time", "local_until is a time without a zone; use until", pointer="/local_until")
    zone = User.objects.values_list("timezone", flat=True).get(pk=user_id)
    return local_to_instant(local, ZoneInfo(zone))


class ActionView(Endpoint):
    tag = "inbox"

    @operation(permission=Open.SIGNED_IN, answers={200: Marked}, problems=(404, 409))
    def post(self, call: Call, id: UUID, key: str) -> Answer:  # noqa: A002
        """Take an action of an item.

        The application's webhook endpoints are told of it (`notification.acted`, its `reason` the action's key). Only
        the first action of an item counts: the same again changes nothing, another one is a 409.
        """
        item = _own(call, id)
        if key not in {action.get("key") for action in item.data.get("actions", []) if isinstance(action, dict)}:
            raise Refusal(404, "action_not_found", "the item has no such action")
        changed = flow.act(call.caller.user_id, id, key, clock.now())
        if not changed.items and _own(call, id).acted != key:
            raise Refusal(409, "acted_already", "another action of this item was taken before")
        return _marked(changed, key)


class _MarkingAll(Endpoint):
    """One change of all items, or of a category's or a group's."""

    tag = "inbox"
    change: Change
    status: str

    def _mark(self, call: Call) -> Answer:
        body: Which = call.body
        user = call.caller.user_id
        ids = None
        if body.category or body.group:
            ids = reading.ids_of(user, Wanted(category=body.category, group=body.group))
        return _marked(flow.mark(user, self.change, clock.now(), ids=ids), self.status)


class ReadAllView(_MarkingAll):
    change, status = Change.READ, "read"

    @operation(permission=Open.SIGNED_IN, body=Which, may_be_empty=True, answers={200: Marked})
    def post(self, call: Call) -> Answer:
        """Mark all my items as read, or those of a category or a group."""
        return self._mark(call)


class SeenAllView(_MarkingAll):
    change, status = Change.SEEN, "seen"

    @operation(permission=Open.SIGNED_IN, body=Which, may_be_empty=True, answers={200: Marked})
    def post(self, call: Call) -> Answer:
        """Mark all my items as seen: the list was opened."""
        return self._mark(call)
