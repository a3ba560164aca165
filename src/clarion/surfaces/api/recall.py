"""What a sender may still do about an inbox item that was delivered: take it back, or say it better."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.inbox import flow
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.inbox import reading
from clarion.records.inbox.reading import Item
from clarion.records.ledger.models import Notification
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fates import StatusOut, status_of
from clarion.surfaces.api.fields import Object
from clarion.surfaces.api.notifications import find_notification, own_notification
from clarion.surfaces.api.problems import Refusal


class ContentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the item says from now on; absent: as before. `data` is replaced as a whole."""

    title: Annotated[str, Meta(max_length=255)] | UnsetType = UNSET
    body: Annotated[str, Meta(max_length=10_000)] | UnsetType = UNSET
    data: Object | UnsetType = UNSET


def _delivered(row: Notification) -> Item:
    if row.channel not in (ChannelKey.IN_APP, ChannelKey.WEBSOCKET):
        raise Refusal(409, "not_recallable", f"what went out by {row.channel} cannot be taken back or changed")
    item = reading.one(row.user_id, row.id)
    if item is None:
        raise Refusal(409, "not_in_the_inbox", "it is not in the inbox: cancel it while it waits, or it was recalled")
    return item


class RecallView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, answers={200: StatusOut}, problems=(404, 409))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Take an inbox item back that was delivered.

        Its content is gone from the person's inbox everywhere at once; what they read, they have read. Its status
        stays, its events tell of it. Something that still waits is cancelled instead (`/cancel`).
        """
        row = own_notification(call, id)
        _delivered(row)
        flow.recall(row.user_id, row.id, clock.now())
        return Answer(value=status_of(find_notification(call, id)))


class ContentView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, body=ContentIn, answers={200: StatusOut}, problems=(404, 409))
    def patch(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Change what an inbox item says that was delivered, everywhere at once."""
        row = own_notification(call, id)
        item = _delivered(row)
        given = {name: value for name, value in msgspec.structs.asdict(call.body).items() if value is not UNSET}
        _check({"title": item.title, "body": item.body, "data": item.data, **given}, ChannelKey(row.channel))
        flow.revise(row.user_id, row.id, given, clock.now())
        return Answer(value=status_of(find_notification(call, id)))


def _check(content: dict[str, object], key: ChannelKey) -> None:
    data = content["data"]
    assert isinstance(data, dict)
    try:
        channel_of(key).build({"title": str(content["title"]), "body": str(content["body"])}, data)
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer=f"/{error.field}") from error
