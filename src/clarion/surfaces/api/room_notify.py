"""Sends to the people of a room."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.flows.rooms.notify import notify
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger.bulk_store import JobState
from clarion.surfaces.api.bulk import BULK_PRIORITY
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.live_outage import asked_live
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.rooms import find_room
from clarion.surfaces.api.wanted import Wanted, asked_of

EXCLUDED_MOST = 1_000


class RoomNotifyIn(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields of a send; priority is low unless given. `exclude`: people who do not get it, such as the one who
    caused it. `only_online`: only who has a socket open now."""

    exclude: Annotated[list[UUID], Meta(max_length=EXCLUDED_MOST)] = []
    only_online: bool = False


class RoomJob(msgspec.Struct, frozen=True, kw_only=True):
    """`accepted` notifications are durable; `rejected` are named under the job (GET /notifications/bulk/{job_id})."""

    job_id: UUID
    status: str
    accepted: int
    rejected: int


class RoomNotifyView(Endpoint):
    tag = "rooms"

    @operation(permission=Permission.BULK, body=RoomNotifyIn, answers={202: RoomJob}, problems=(404, 409, 503))
    def post(self, call: Call, key: str) -> Answer:
        """Send to the people of a room.

        To its members; of a room with the rule `open` or `claim` also to those who are in it now and do not hide it.
        It is a bulk job: each gets it by their own preferences, and each notification can be asked after.
        """
        body: RoomNotifyIn = call.body
        room = find_room(key)
        if room.archived:
            raise Refusal(409, "room_archived", "the room is archived; nothing is sent to it")
        asked = asked_of(body, call.caller, call.caller.user_id, BULK_PRIORITY)
        receipt = asked_live(lambda: notify(asked, room, body.exclude, body.only_online, clock.now()))
        value = RoomJob(
            job_id=receipt.job_id,
            status=JobState.ACCEPTED,
            accepted=receipt.accepted,
            rejected=receipt.rejected,
        )
        headers = {"Location": f"/api/v1/notifications/bulk/{receipt.job_id}"}
        return Answer(status=202, value=value, headers=headers)
