"""Sending one notification, and what became of it."""

from dataclasses import replace
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.flows.ingest import changes, flow
from clarion.flows.ingest.asked import NO_CHAIN, Accepted, Receipt, Send
from clarion.flows.ingest.content import with_samples
from clarion.records import clock
from clarion.records.access.permissions import Caller, Permission
from clarion.records.ledger.models import Notification
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import NOT_A_WISH
from clarion.surfaces.api.chains import FallbackField, fallback_of
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fates import (
    Detail,
    StatusOut,
    SummaryPage,
    detail_of,
    readable,
    showing,
    status_of,
    summaries,
)
from clarion.surfaces.api.fields import (
    Instant,
    Moment,
    Object,
    Path,
    Text,
    Timezone,
)
from clarion.surfaces.api.paging import PageQuery, page_of
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.wanted import Wanted, asked_of

SEND_BYTES = 256 * 1024
_MESSAGES = {
    Status.SCHEDULED: "Notification scheduled",
    Status.SUPPRESSED: "Notification suppressed as a duplicate",
}


def _message(first: Accepted) -> str:
    if first.reason in NOT_A_WISH:
        return f"Notification suppressed: {REASONS[Reason(first.reason)]}"
    return _MESSAGES.get(first.status, "Notification queued")


class SendIn(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One send. `user_id` absent: to the caller. `channel`, `channels` or neither: those the user prefers.

    `notification_type`, `message`, `metadata`, `template_name` and `template_context` are other names for `channel`,
    `body`, `context`, `template_path` and `context`. With `template_name`, a subject and a body are placeholders that
    the template's take the place of. `scheduled_at` is an instant, or with `timezone` (a zone name, or `recipient` for
    the recipient's own) a local time without an offset. `fallback` is a chain of channels of which one at a time is
    tried: a list, or an object with `after_seconds`; without it, the template's or the category's holds, unless it says
    `none` or several channels are given.
    """

    user_id: UUID | None = None
    fallback: FallbackField | None = None


class SendAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the first notification's; `notifications` has all of them, one a channel."""

    id: UUID
    request_id: UUID
    user_id: UUID
    channel: str
    status: str
    message: str
    created_at: Instant
    estimated_delivery: Instant | None
    notifications: list["Sent"]


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One notification of a send. A repeat within its category's window is `suppressed` as `duplicate`; `duplicate_of`
    is the first."""

    id: UUID
    channel: str
    status: str
    reason: str = ""
    duplicate_of: UUID | None = None


class TestIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test to oneself: `type` is the channel, `template` a path; without a template, a plain greeting."""

    type: ChannelKey = ChannelKey.EMAIL
    template: Path | None = None
    context: Object = {}


class RescheduleIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When instead: as in a send."""

    scheduled_at: Moment
    timezone: Timezone | None = None


class ListQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters; without the permission `analytics` one sees what one sent or received."""

    user_id: UUID | None = None
    status: Status | None = None
    channel: ChannelKey | None = None
    request_id: UUID | None = None
    reference: Text = ""


def asked_send(body: SendIn, caller: Caller) -> Send:
    """The body as the flow takes it, with its chain."""
    return replace(asked_of(body, caller, body.user_id or caller.user_id), fallback=fallback_of(body.fallback))


def answer_of(receipt: Receipt) -> Answer:
    """201 with all notifications; 403 when every one was suppressed by the person's own wishes."""
    if receipt.opted_out:
        reasons = sorted({n.reason for n in receipt.notifications})
        ids = [str(n.id) for n in receipt.notifications]
        detail = f"the user does not want this ({', '.join(reasons)})"
        raise Refusal(403, "opted_out", detail, notifications=ids, stands=True)
    going = [n for n in receipt.notifications if n.status is not Status.SUPPRESSED]
    first = next(iter(going or [n for n in receipt.notifications if n.first is not None] or receipt.notifications))
    value = SendAnswer(
        id=first.id,
        request_id=receipt.request_id,
        user_id=receipt.user_id,
        channel=first.channel,
        status=first.status,
        message=_message(first),
        created_at=receipt.created_at,
        estimated_delivery=receipt.estimated_delivery,
        notifications=[
            Sent(id=n.id, channel=n.channel, status=n.status, reason=n.reason, duplicate_of=n.first)
            for n in receipt.notifications
        ],
    )
    return Answer(status=201, value=value, headers={"Location": f"/api/v1/notifications/{first.id}"})


class SendView(Endpoint):
    tag = "notifications"

    @operation(
        permission=Permission.SEND,
        body=SendIn,
        answers={201: SendAnswer},
        problems=(403, 404, 409),
        max_bytes=SEND_BYTES,
    )
    def post(self, call: Call) -> Answer:
        """Send a notification.

        201 means it is durable. Where all of it repeats what was sent within the category's window, or goes to
        addresses that bounced or were blocked (the suppression list), its status is `suppressed`, its `reason` says
        which, and nothing goes out. 403 `opted_out` means that the user's own preferences forbid it; the
        decision is on record under the ids in `notifications`.
        """
        return answer_of(flow.send(asked_send(call.body, call.caller), clock.now()))


class NotificationsView(SendView):
    tag = "notifications"

    @operation(permission=Permission.SEND, query=ListQuery, answers={200: SummaryPage})
    def get(self, call: Call) -> Answer:
        """List notifications, newest first."""
        query: ListQuery = call.query
        rows = readable(call.caller)
        if query.user_id is not None:
            rows = rows.filter(user_id=query.user_id)
        if query.status is not None:
            rows = showing(rows, query.status)
        if query.channel is not None:
            rows = rows.filter(channel=query.channel)
        if query.request_id is not None:
            rows = rows.filter(request_id=query.request_id)
        if query.reference:
            rows = rows.filter(reference=query.reference)
        found, following, preceding = page_of(call.request, rows, query)
        return Answer(value=SummaryPage(results=summaries(found), next=following, previous=preceding))


class TestSendView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, body=TestIn, answers={201: SendAnswer}, problems=(403, 404))
    def post(self, call: Call) -> Answer:
        """Send a test to myself.

        Required variables that the context lacks are filled with stand-ins.
        """
        body: TestIn = call.body
        asked = Send(
            caller=call.caller,
            user_id=call.caller.user_id,
            template_path=body.template or "",
            subject="" if body.template else "A test from Clarion",
            body="" if body.template else "If you can read this, the channel works.",
            channels=(body.type,),
            context=with_samples(body.template, body.context) if body.template else body.context,
            fallback=NO_CHAIN,
        )
        return answer_of(flow.send(asked, clock.now()))


def find_notification(call: Call, identifier: UUID) -> Notification:
    """One that the caller may see; raises Refusal 404."""
    row = readable(call.caller).filter(pk=identifier).first()
    if row is None:
        raise Refusal(404, "notification_not_found", "there is no such notification, or it is not yours to see")
    return row


def own_notification(call: Call, identifier: UUID) -> Notification:
    """One that the caller may change: it sent it, or is staff."""
    row = find_notification(call, identifier)
    if row.caller_id != call.caller.id and not call.caller.may(Permission.STAFF):
        raise Refusal(404, "notification_not_found", "there is no such notification, or it is not yours to change")
    return row


class NotificationView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, answers={200: Detail}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show a notification with its attempts, decisions and events."""
        return Answer(value=detail_of(find_notification(call, id)))

    @operation(permission=Permission.SEND, body=RescheduleIn, answers={200: StatusOut}, problems=(404, 409))
    def patch(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Give a notification that still waits another time."""
        body: RescheduleIn = call.body
        changes.reschedule(own_notification(call, id), body.scheduled_at, body.timezone or "", clock.now())
        return Answer(value=status_of(find_notification(call, id)))


class StatusView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, answers={200: StatusOut}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show a notification's status."""
        return Answer(value=status_of(find_notification(call, id)))


class CancelView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.SEND, answers={200: StatusOut}, problems=(404, 409))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Cancel a notification that no worker has taken up yet."""
        changes.cancel(own_notification(call, id), clock.now())
        return Answer(value=status_of(find_notification(call, id)))
