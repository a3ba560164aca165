"""Tickets for WebSockets."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec
import redis
from msgspec import Meta

from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.access.permissions import CallerKind, Permission
from clarion.records.access.tokens import Claims
from clarion.records.live import tickets
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user

SOCKET_LIFE = timedelta(minutes=30)
Origin = Annotated[str, Meta(max_length=255, examples=["https://shop.example.com"])]


class TicketIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`origin`: the page's, if only pages of it may use the ticket. `user_id`: whose inbox; another person's for staff
    and their keys only, whose service hands the ticket on to the person's page."""

    origin: Origin = ""
    user_id: UUID | None = None


class TicketOut(msgspec.Struct, frozen=True, kw_only=True):
    """Connect with `/ws/notifications/?ticket=…` within `expires_in` seconds, once."""

    ticket: str
    expires_in: int


class TicketsView(Endpoint):
    tag = "inbox"

    @operation(
        permission=Open.SIGNED_IN,
        body=TicketIn,
        answers={201: TicketOut},
        problems=(404, 503),
        may_be_empty=True,
        idempotent_key=False,
    )
    def post(self, call: Call) -> Answer:
        """Get a one-time ticket for a WebSocket, so that no token stands in its URL.

        The socket lives as long as the token would that asked for it, or half an hour for a key's.
        """
        body: TicketIn = call.body
        try:
            ticket = tickets.issue(_claims(call, body.user_id), body.origin.rstrip("/"))
        except redis.RedisError as error:
            raise Refusal(
                503, "temporarily_unavailable", "tickets cannot be kept now; try again in a moment"
            ) from error
        value = TicketOut(ticket=ticket, expires_in=int(tickets.LIFE.total_seconds()))
        return Answer(status=201, value=value, headers={"Cache-Control": "no-store"})


def _claims(call: Call, user_id: UUID | None) -> Claims:
    caller = call.caller
    if user_id is not None and user_id != caller.user_id:
        if not caller.may(Permission.STAFF):
            raise Refusal(404, "user_not_found", "there is no user with this id")
        return _of_service(find_user(user_id).id)
    if caller.kind is CallerKind.USER:
        return tokens.claims_of(call.request.META.get("HTTP_AUTHORIZATION", "").partition(" ")[2])
    return _of_service(caller.user_id)


def _of_service(user_id: UUID) -> Claims:
    epoch = find_user(user_id).token_epoch  # ends with the person's tokens
    return Claims(user_id=str(user_id), epoch=epoch, expires_at=clock.now() + SOCKET_LIFE)
