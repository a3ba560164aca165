"""Who belongs to a room: one or ten thousand at a time, without a query for each."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.flows.rooms import keeping
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.rooms.models import Member, Room
from clarion.records.rooms.store import MOST_MEMBERS, Added, RoomFull
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.rooms import find_room

MOST = 10_000
Ids = Annotated[list[UUID], Meta(min_length=1, max_length=MOST)]


class MemberOut(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and since when."""

    user_id: UUID
    joined_at: Instant


class MemberPage(Page[MemberOut], frozen=True, kw_only=True):
    """A page of members, the last to come first."""


class MembersIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People by their ids."""

    user_ids: Ids


class MembersAdded(msgspec.Struct, frozen=True, kw_only=True):
    """How many are new; `unknown` are no active users and were left out."""

    added: int
    unknown: list[UUID]


class MembersRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """How many were members."""

    removed: int


def _add(room: Room, users: list[UUID]) -> Added:
    try:
        return keeping.add(room, users, clock.now())
    except RoomFull as error:
        message = f"a room may have {MOST_MEMBERS} members; nobody was added"
        raise InputError("room_full", message, status=409) from error


class MembersView(Endpoint):
    tag = "rooms"

    @operation(permission=Permission.STAFF, query=PageQuery, answers={200: MemberPage}, problems=(404,))
    def get(self, call: Call, key: str) -> Answer:
        """List the members of a room."""
        rows = Member.objects.filter(room=find_room(key))
        found, following, preceding = page_of(call.request, rows, call.query)
        results = [MemberOut(user_id=row.user_id, joined_at=row.joined_at) for row in found]
        return Answer(value=MemberPage(results=results, next=following, previous=preceding))

    @operation(permission=Permission.STAFF, body=MembersIn, answers={200: MembersAdded}, problems=(404, 409))
    def put(self, call: Call, key: str) -> Answer:
        """Make people members; who is one already stays one. All or, when the room would be too full, none."""
        body: MembersIn = call.body
        added = _add(find_room(key), body.user_ids)
        return Answer(value=MembersAdded(added=added.count, unknown=added.unknown))


class RemoveMembersView(Endpoint):
    tag = "rooms"

    @operation(permission=Permission.STAFF, body=MembersIn, answers={200: MembersRemoved}, problems=(404,))
    def post(self, call: Call, key: str) -> Answer:
        """End the membership of many; their sockets leave the room."""
        body: MembersIn = call.body
        return Answer(value=MembersRemoved(removed=keeping.remove(find_room(key), body.user_ids)))


class MemberView(Endpoint):
    tag = "rooms"

    @operation(permission=Permission.STAFF, answers={204: None}, problems=(404, 409))
    def put(self, call: Call, key: str, user_id: UUID) -> Answer:
        """Make a person a member."""
        if _add(find_room(key), [user_id]).unknown:
            raise Refusal(404, "user_not_found", "there is no active user with this id")
        return Answer(status=204)

    @operation(permission=Permission.STAFF, answers={204: None}, problems=(404,))
    def delete(self, call: Call, key: str, user_id: UUID) -> Answer:
        """End a person's membership; their sockets leave the room."""
        if not keeping.remove(find_room(key), [user_id]):
            raise Refusal(404, "member_not_found", "this person is no member of the room")
        return Answer(status=204)
