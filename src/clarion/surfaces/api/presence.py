"""A person's presence: how many sockets they have open, when they were last seen, and who may know."""

from uuid import UUID

import msgspec

from clarion.flows.rooms import keeping
from clarion.records.access.permissions import Permission
from clarion.records.live import online
from clarion.records.rooms import presence
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant
from clarion.surfaces.api.live_outage import asked_live
from clarion.surfaces.api.users import find_user


class PresenceOut(msgspec.Struct, frozen=True, kw_only=True):
    """`connections` are sockets of all servers together. `last_seen` is when the last one ended, to ten seconds; of who
    is online, within the last minutes. `show_presence` false: room-mates see none of it."""

    user_id: UUID
    online: bool
    connections: int
    last_seen: Instant | None
    show_presence: bool


class PresenceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether room-mates see that I am online."""

    show_presence: bool


def _out(user_id: UUID) -> PresenceOut:
    kept = presence.of(user_id)
    connections = asked_live(lambda: online.sockets([str(user_id)])).get(str(user_id), 0)
    return PresenceOut(
        user_id=user_id,
        online=connections > 0,
        connections=connections,
        last_seen=kept.last_seen,
        show_presence=kept.show,
    )


class PresenceView(Endpoint):
    tag = "rooms"

    @operation(permission=Open.SIGNED_IN, answers={200: PresenceOut}, problems=(503,))
    def get(self, call: Call) -> Answer:
        """My own presence."""
        return Answer(value=_out(call.caller.user_id))

    @operation(permission=Open.SIGNED_IN, body=PresenceIn, answers={200: PresenceOut}, problems=(404, 503))
    def patch(self, call: Call) -> Answer:
        """Show room-mates that I am online, or do not; it holds at once."""
        body: PresenceIn = call.body
        keeping.show_presence(find_user(call.caller.user_id).id, body.show_presence)
        return Answer(value=_out(call.caller.user_id))


class UserPresenceView(Endpoint):
    tag = "rooms"

    @operation(permission=Permission.STAFF, answers={200: PresenceOut}, problems=(404, 503))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """A person's presence, for staff."""
        return Answer(value=_out(find_user(user_id).id))
