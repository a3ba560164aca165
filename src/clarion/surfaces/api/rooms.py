"""Rooms (courses, groups): making them and finding one's way in. Members are room_members.py's, sends room_notify.py's.

Staff see all rooms, other people those they may come into; any other room is as if it were not there."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.input_error import InputError
from clarion.flows.rooms import keeping
from clarion.records.access import tokens
from clarion.records.access.permissions import CallerKind, Permission
from clarion.records.live import rosters
from clarion.records.rooms import store
from clarion.records.rooms.models import KEY, KEY_LENGTH, Room, Rule, is_key
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Name
from clarion.surfaces.api.live_outage import asked_live
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import Refusal

RoomKey = Annotated[str, Meta(min_length=1, max_length=KEY_LENGTH, pattern=KEY, examples=["course.7"])]
RuleName = Literal["members", "open", "claim"]


class RoomOut(msgspec.Struct, frozen=True, kw_only=True):
    """A room. `members` counts the table of members, whatever the rule is; null for those who are not staff."""

    id: UUID
    key: str
    name: str
    rule: str
    archived: bool
    members: int | None
    created_at: Instant


class RoomPage(Page[RoomOut], frozen=True, kw_only=True):
    """A page of rooms."""


class RoomIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new room. `rule` says who may come in: its `members`; anybody who is signed in (`open`); or who shows a JWT
    whose claim `rooms`, a list of keys, names it (`claim`)."""

    key: RoomKey
    name: Name
    rule: RuleName = "members"


class RoomChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes; what is absent stays. Sockets that may be in the room no more leave it."""

    name: Name | UnsetType = UNSET
    rule: RuleName | UnsetType = UNSET
    archived: bool | UnsetType = UNSET


class OnlineQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People after this id."""

    after: UUID | None = None
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 500


class OnlineOut(msgspec.Struct, frozen=True, kw_only=True):
    """Who is in the room now, by id; `count` are there in all. More follow `next_after`; null: these were the last.
    Who hides their presence is not counted."""

    room: str
    count: int
    online: list[UUID]
    next_after: UUID | None


def no_room() -> Refusal:
    """The same for a room that is not there and one that is not the caller's."""
    return Refusal(404, "room_not_found", "there is no such room")


def find_room(key: str) -> Room:
    """For staff. Raises Refusal 404."""
    room = store.find(key) if is_key(key) else None
    if room is None:
        raise no_room()
    return room


def own_rooms(call: Call) -> QuerySet[Room]:
    """The rooms that the caller may see."""
    caller = call.caller
    if caller.may(Permission.STAFF):
        return Room.objects.all()
    claimed: frozenset[str] = frozenset()
    if caller.kind is CallerKind.USER:
        claimed = tokens.claims_of(call.request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[2]).rooms
    return store.open_to(caller.user_id, claimed)


def own_room(call: Call, key: str) -> Room:
    """One of them. Raises Refusal 404."""
    room = own_rooms(call).filter(key=key).first() if is_key(key) else None
    if room is None:
        raise no_room()
    return room


def _outs(call: Call, rooms: list[Room]) -> list[RoomOut]:
    counts = store.counts(rooms) if call.caller.may(Permission.STAFF) else {}
    return [
        RoomOut(
            id=room.id,
            key=room.key,
            name=room.name,
            rule=room.rule,
            archived=room.archived,
            members=counts.get(room.id),
            created_at=room.created_at,
        )
        for room in rooms
    ]


class RoomsView(Endpoint):
    tag = "rooms"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: RoomPage})
    def get(self, call: Call) -> Answer:
        """List the rooms that I may come into, or for staff all rooms, newest first."""
        found, following, preceding = page_of(call.request, own_rooms(call), call.query)
        return Answer(value=RoomPage(results=_outs(call, found), next=following, previous=preceding))

    @operation(permission=Permission.STAFF, body=RoomIn, answers={201: RoomOut}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Make a room."""
        body: RoomIn = call.body
        try:
            with transaction.atomic():
                room = Room.objects.create(key=body.key, name=body.name, rule=Rule(body.rule))
        except IntegrityError as error:
            raise InputError("room_exists", "another room has this key", pointer="/key", status=409) from error
        return Answer(status=201, value=_outs(call, [room])[0])


class RoomView(Endpoint):
    tag = "rooms"

    @operation(permission=Open.SIGNED_IN, answers={200: RoomOut}, problems=(404,))
    def get(self, call: Call, key: str) -> Answer:
        """Show a room."""
        return Answer(value=_outs(call, [own_room(call, key)])[0])

    @operation(permission=Permission.STAFF, body=RoomChange, answers={200: RoomOut}, problems=(404,))
    def patch(self, call: Call, key: str) -> Answer:
        """Change a room, or archive it."""
        room = find_room(key)
        given: dict[str, Any] = {
            name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET
        }
        if given:
            keeping.change(room, given)
        return Answer(value=_outs(call, [room])[0])

    @operation(permission=Permission.STAFF, answers={204: None}, problems=(404,))
    def delete(self, call: Call, key: str) -> Answer:
        """Remove a room with its memberships; what was sent to its people stays theirs."""
        keeping.delete(find_room(key))
        return Answer(status=204)


class RoomOnlineView(Endpoint):
    tag = "rooms"

    @operation(permission=Open.SIGNED_IN, query=OnlineQuery, answers={200: OnlineOut}, problems=(404, 503))
    def get(self, call: Call, key: str) -> Answer:
        """Who is in the room now: has a socket that joined it, and does not hide it."""
        query: OnlineQuery = call.query
        room = own_room(call, key)
        people = sorted(UUID(user) for user in asked_live(lambda: rosters.people_in(room.key)))
        rest = [one for one in people if query.after is None or one > query.after]
        shown = rest[: query.page_size]
        following = shown[-1] if len(rest) > len(shown) else None
        return Answer(value=OnlineOut(room=room.key, count=len(people), online=shown, next_after=following))
