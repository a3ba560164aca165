"""What one send and a bulk send ask for alike, and how it becomes the flow's request."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest.asked import Send
from clarion.records.access.permissions import Caller
from clarion.surfaces.api.fields import (
    CategoryName,
    Channels,
    Instant,
    LongText,
    Moment,
    Object,
    Path,
    Priority,
    Text,
    Timezone,
    priority_number,
)
from clarion.surfaces.api.problems import FieldProblem, Refusal


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Passing the recipient's preferences over needs the permission `bypass`."""

    bypass_preferences: bool = False
    track_opens: bool = True
    track_clicks: bool = True


class Metadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The e-commerce form of the context."""

    template_vars: Object = {}


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that a send and a bulk send share."""

    template_path: Path | None = None
    template_name: Path | None = None
    subject: Annotated[str, Meta(max_length=255)] | None = None
    body: LongText | None = None
    message: LongText | None = None
    channel: ChannelKey | None = None
    notification_type: ChannelKey | None = None
    channels: Channels = []
    category: CategoryName | None = None
    priority: Priority | None = None
    context: Object = {}
    template_context: Object = {}
    metadata: Metadata = Metadata()
    data: Object = {}
    scheduled_at: Moment | None = None
    timezone: Timezone | None = None
    expires_at: Instant | None = None
    reference: Text = ""
    options: Options = Options()


def asked_of(body: Wanted, caller: Caller, user_id: UUID, usual_priority: int | None = None) -> Send:
    """The body as the flow takes it; several names for one thing must not contradict each other."""
    names = [name for name in (body.channel, body.notification_type) if name is not None]
    return Send(
        caller=caller,
        user_id=user_id,
        template_path=_one(body.template_path, body.template_name, "/template_name") or "",
        subject="" if body.template_name else body.subject or "",
        body="" if body.template_name else _one(body.body, body.message, "/message") or "",
        channels=tuple(dict.fromkeys([*names, *body.channels])),
        category=body.category,
        priority=priority_number(body.priority) if body.priority is not None else usual_priority,
        context={**body.metadata.template_vars, **body.template_context, **body.context},
        data=body.data,
        scheduled_at=body.scheduled_at,
        timezone=body.timezone or "",
        expires_at=body.expires_at,
        reference=body.reference,
        bypass=body.options.bypass_preferences,
        track_opens=body.options.track_opens,
        track_clicks=body.options.track_clicks,
    )


def _one(first: Any, second: Any, pointer: str) -> Any:
    if first is not None and second is not None:
        field = FieldProblem(pointer=pointer, code="given_twice", message="another name of a field that is given, too")
        raise Refusal(422, "given_twice", "the same thing is given under two names", errors=[field])
    return first if first is not None else second
