"""Webhook and chat endpoints: a person's own, or anybody's for staff; those of the installation are staff's.

Signing secrets are shown once, when they are made.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import msgspec
from django.conf import settings
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.egress.guard import is_forbidden
from clarion.egress.signing import new_secret
from clarion.flows.delivery.ping import TooManyPings, ping
from clarion.flows.ingest import resend
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger.deliveries import Delivery, deliveries_of
from clarion.records.people import directory, endpoints
from clarion.records.people.models import Endpoint, User
from clarion.surfaces.api.endpoint import Answer, Call, Open, operation
from clarion.surfaces.api.endpoint import Endpoint as ApiEndpoint
from clarion.surfaces.api.fields import Instant, Text
from clarion.surfaces.api.paging import PageQuery, decode_cursor, encode_cursor
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user

MOST = 50
LONGEST_OVERLAP_HOURS = 168
Filters = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=128)]],
    Meta(max_length=endpoints.MOST_FILTERS, examples=[["order.*", "account.locked"]]),
]
Address = Annotated[str, Meta(min_length=1, max_length=2048)]


class EndpointOut(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. `secret` signs a webhook's deliveries; it is shown once, when it is made. After a rotation the old
    one signs, too, until `old_secret_until`. `failing_since`: it took nothing since then; `disabled_for`: why Clarion
    took it out of use (`gone`, `failing`)."""

    id: UUID
    channel: str
    label: str
    target: str
    events: list[str]
    application: bool
    active: bool
    failing_since: Instant | None
    disabled_at: Instant | None
    disabled_for: str
    old_secret_until: Instant | None
    created_at: Instant
    secret: str | None = None


class EndpointIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where webhooks or chat messages of this person go: an https URL, a chat channel. `events`: of webhooks, which it
    wants (none: all). `application`: for staff; it belongs to the installation and hears what happens to notifications
    (`notification.delivered` …) instead of its owner's own webhooks."""

    channel: Literal["webhook", "chat"]
    target: Address
    label: Text = ""
    events: Filters = []
    application: bool = False


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed. `active` false takes it out of use; back into use it comes with a clean record."""

    label: Text | UnsetType = UNSET
    target: Address | UnsetType = UNSET
    events: Filters | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class Rotation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long the old secret signs beside the new one; 0: it is worth nothing from now on."""

    overlap_hours: Annotated[int, Meta(ge=0, le=LONGEST_OVERLAP_HOURS)] = 24


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints of a person."""

    results: list[EndpointOut]


class PongOut(msgspec.Struct, frozen=True, kw_only=True):
    """How the test call went: `outcome` is sent, retry, rejected, unclear, or fault (of the account)."""

    ok: bool
    outcome: str
    detail: str
    milliseconds: int


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver to the endpoint."""

    notification_id: UUID
    attempt: int
    outcome: str
    reason: str
    detail: str
    account: str
    started_at: Instant
    finished_at: Instant


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """The newest tries first."""

    results: list[DeliveryOut]
    next: str | None


class Again(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send again: one notification, or everything that ended since then and was not taken."""

    notification_id: UUID | None = None
    missed_since: Instant | None = None


class Resent(msgspec.Struct, frozen=True, kw_only=True):
    """The copies that are on their way; `more`: ask again for the rest."""

    notifications: list[UUID]
    more: bool


def person(call: Call, user_id: UUID) -> User:
    """The person whose endpoints these are; others than oneself only for staff (404, so that nothing leaks)."""
    if user_id != call.caller.user_id and not call.caller.may(Permission.STAFF):
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return find_user(user_id)


def _find(call: Call, user_id: UUID, identifier: UUID, *, webhook: bool = False) -> Endpoint:
    row: Endpoint | None = person(call, user_id).endpoints.filter(pk=identifier).first()
    if row is None or (row.application and not call.caller.may(Permission.STAFF)):
        raise Refusal(404, "endpoint_not_found", "this person has no such endpoint")
    if webhook and row.channel != ChannelKey.WEBHOOK:
        raise Refusal(409, "not_a_webhook", "only webhook endpoints can do this")
    return row


def _out(row: Endpoint, *, secret: bool = False) -> EndpointOut:
    return EndpointOut(
        id=row.id,
        channel=row.channel,
        label=row.label,
        target=str(row.target),
        events=row.events,
        application=row.application,
        active=row.active,
        failing_since=row.failing_since,
        disabled_at=row.disabled_at,
        disabled_for=row.disabled_for,
        old_secret_until=row.old_secret_until,
        created_at=row.created_at,
        secret=str(row.secret) if secret and row.secret else None,
    )


def _checked_target(key: ChannelKey, target: str) -> str:
    checked = directory.checked_address(key, target, "/target")
    if key is ChannelKey.WEBHOOK:
        refuse_private(checked, "/target")
    return checked


def refuse_private(url: str, pointer: str) -> None:
    """A literal private address can be refused at once. Names are looked at when connecting, by the guard."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    literal = _literal(host)
    private = host == "localhost" or host.endswith(".localhost") or (literal is not None and is_forbidden(literal))
    if private and not settings.ENV.webhook_allow_private:
        raise InputError("forbidden_target", "private and reserved addresses cannot be called", pointer=pointer)


def _literal(host: str) -> str | None:
    """The address, when the host is one in any spelling that resolvers take (127.1, 0x7f.1); None for names."""
    with suppress(OSError, UnicodeError):
        return socket.inet_ntoa(socket.inet_aton(host))
    return host if ":" in host else None


def _check_kind(call: Call, body: EndpointIn) -> None:
    if body.application and not call.caller.may(Permission.STAFF):
        message = "endpoints of the installation are staff's"
        raise InputError("permission_denied", message, pointer="/application", status=403)
    if body.channel != "webhook" and (body.events or body.application):
        pointer = "/events" if body.events else "/application"
        raise InputError("webhooks_only", "only webhook endpoints choose events", pointer=pointer)


class EndpointsView(ApiEndpoint):
    tag = "endpoints"

    @operation(permission=Open.SIGNED_IN, answers={200: Endpoints}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """List a person's webhook and chat endpoints."""
        rows = person(call, user_id).endpoints.order_by("-id")
        return Answer(value=Endpoints(results=[_out(row) for row in rows]))

    @operation(permission=Open.SIGNED_IN, body=EndpointIn, answers={201: EndpointOut}, problems=(404, 409))
    def post(self, call: Call, user_id: UUID) -> Answer:
        """Add an endpoint. The answer holds a webhook's signing secret, this once."""
        user, body = person(call, user_id), call.body
        _check_kind(call, body)
        if user.endpoints.count() >= MOST:
            raise Refusal(409, "too_many_endpoints", f"a person may have {MOST} endpoints; remove one first")
        key = ChannelKey(body.channel)
        row = Endpoint(user=user, channel=key, label=body.label, application=body.application)
        row.events = endpoints.checked_events(body.events, "/events")
        row.target = _checked_target(key, body.target)
        if key is ChannelKey.WEBHOOK:
            row.secret = new_secret()
        row.save()
        return Answer(status=201, value=_out(row, secret=True))


class EndpointView(ApiEndpoint):
    tag = "endpoints"

    @operation(permission=Open.SIGNED_IN, answers={200: EndpointOut}, problems=(404,))
    def get(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Show an endpoint."""
        return Answer(value=_out(_find(call, user_id, id)))

    @operation(permission=Open.SIGNED_IN, body=EndpointChange, answers={200: EndpointOut}, problems=(404,))
    def patch(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Change an endpoint's label, target or events, or take it out of use and back."""
        row, change = _find(call, user_id, id), call.body
        if change.events is not UNSET:
            if row.channel != ChannelKey.WEBHOOK and change.events:
                raise InputError("webhooks_only", "only webhook endpoints choose events", pointer="/events")
            row.events = endpoints.checked_events(change.events, "/events")
        if change.target is not UNSET:
            row.target = _checked_target(ChannelKey(row.channel), change.target)
        if change.label is not UNSET:
            row.label = change.label
        row.save(update_fields=["events", "target_sealed", "label"])
        if change.active is True:
            endpoints.enable(row)
        elif change.active is False:
            row.active = False
            row.save(update_fields=["active"])
        return Answer(value=_out(row))

    @operation(permission=Open.SIGNED_IN, answers={204: None}, problems=(404,))
    def delete(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Remove an endpoint."""
        _find(call, user_id, id).delete()
        return Answer(status=204)


class RotateSecretView(ApiEndpoint):
    tag = "endpoints"

    @operation(permission=Open.SIGNED_IN, body=Rotation, answers={200: EndpointOut}, problems=(404, 409))
    def post(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Give a webhook a new signing secret, shown this once; for a while deliveries carry both signatures."""
        row = _find(call, user_id, id, webhook=True)
        endpoints.rotate(row, timedelta(hours=call.body.overlap_hours), clock.now())
        return Answer(value=_out(row, secret=True))


class PingView(ApiEndpoint):
    tag = "endpoints"

    @operation(permission=Open.SIGNED_IN, answers={200: PongOut}, problems=(404, 409, 429), idempotent_key=False)
    def post(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Call a webhook endpoint with a signed `ping` now, whether it is in use or not, and tell how it went.

        A caller has ten a minute, and few are out at a time: 429 says when to ask again.
        """
        row = _find(call, user_id, id, webhook=True)
        try:
            pong = ping(row, call.caller.user_id, clock.now())
        except TooManyPings as error:
            raise Refusal(429, "too_many_pings", str(error), headers={"Retry-After": str(error.seconds)}) from error
        out = PongOut(
            ok=pong.outcome == "sent", outcome=pong.outcome, detail=pong.detail, milliseconds=pong.milliseconds
        )
        return Answer(value=out)


class DeliveriesView(ApiEndpoint):
    tag = "endpoints"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: Deliveries}, problems=(404,))
    def get(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """List what an endpoint was sent lately, try by try."""
        row, query = _find(call, user_id, id), call.query
        before = decode_cursor(query.cursor)[1] if query.cursor else None
        found, following = deliveries_of(row.id, user_id, row.channel, before=before, most=query.page_size)
        return Answer(value=Deliveries(results=[_delivery(each) for each in found], next=_next(call, following)))


def _delivery(each: Delivery) -> DeliveryOut:
    return DeliveryOut(
        notification_id=each.notification_id,
        attempt=each.number,
        outcome=each.outcome,
        reason=each.reason,
        detail=each.detail,
        account=each.account,
        started_at=each.started_at,
        finished_at=each.finished_at,
    )


def _next(call: Call, before: UUID | None) -> str | None:
    if before is None:
        return None
    kept: Mapping[str, Any] = {name: value for name, value in call.request.GET.items() if name != "cursor"}
    return f"{settings.PUBLIC_URL}{call.request.path}?{urlencode({**kept, 'cursor': encode_cursor('n', before)})}"


class ResendView(ApiEndpoint):
    tag = "endpoints"

    @operation(permission=Open.SIGNED_IN, body=Again, answers={200: Resent}, problems=(404, 409))
    def post(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Send a webhook endpoint one notification again, or everything it missed since a time; to it alone, under the
        same `webhook-id`."""
        row, body = _find(call, user_id, id, webhook=True), call.body
        if (body.notification_id is None) == (body.missed_since is None):
            raise InputError("one_or_since", "give notification_id or missed_since", pointer="/notification_id")
        if not row.active:
            raise Refusal(409, "endpoint_disabled", "enable the endpoint first")
        if body.notification_id is not None:
            ids, more = [body.notification_id], False
        else:
            ids, more = resend.missed(row, _sensible(body.missed_since))
        return Answer(value=Resent(notifications=resend.resend(row, ids, clock.now()), more=more))


def _sensible(since: datetime) -> datetime:
    """UUIDv7 knows no time before 1970."""
    return max(since, datetime(1970, 1, 2, tzinfo=UTC))
