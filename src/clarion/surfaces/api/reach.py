"""A person's devices (push) and endpoints (webhook, chat): their own, or anybody's for staff."""

import socket
from contextlib import suppress
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.egress.guard import is_forbidden
from clarion.egress.signing import new_secret
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.people import directory
from clarion.records.people.models import Device, Endpoint, Platform, TokenKind, User
from clarion.records.personal.ring import ring
from clarion.surfaces.api.endpoint import Answer, Call, Open, operation
from clarion.surfaces.api.endpoint import Endpoint as ApiEndpoint
from clarion.surfaces.api.fields import Instant, Text
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user

PlatformName = Literal["android", "ios", "web", "other"]
TokenKindName = Literal["fcm_token", "fid", "apns", "webpush"]
MOST = 50


class DeviceOut(msgspec.Struct, frozen=True, kw_only=True):
    """A device; its token is write-only and shown masked."""

    id: UUID
    platform: str
    token_kind: str
    app: str
    token: str
    active: bool
    last_seen_at: Instant
    created_at: Instant


class DeviceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device to register. The same token again moves it to this user and wakes it up."""

    platform: PlatformName
    token: Annotated[str, Meta(min_length=1, max_length=4096)]
    token_kind: TokenKindName = "fcm_token"  # noqa: S105 - a kind, not a token
    app: Text = ""


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """All devices of a person."""

    results: list[DeviceOut]


class EndpointOut(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. `secret` signs a webhook's deliveries; it is shown once, when it is made."""

    id: UUID
    channel: str
    target: str
    active: bool
    created_at: Instant
    secret: str | None = None


class EndpointIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where webhooks or chat messages of this person go: an https URL, a chat channel."""

    channel: Literal["webhook", "chat"]
    target: Annotated[str, Meta(min_length=1, max_length=2048)]


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """All endpoints of a person."""

    results: list[EndpointOut]


def _person(call: Call, user_id: UUID) -> User:
    """The person whose addresses these are; others than oneself only for staff (404, so that nothing leaks)."""
    if user_id != call.caller.user_id and not call.caller.may(Permission.STAFF):
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return find_user(user_id)


def _device_out(device: Device) -> DeviceOut:
    token = device.token
    return DeviceOut(
        id=device.id,
        platform=device.platform,
        token_kind=device.token_kind,
        app=device.app,
        token=f"{token[:4]}…{token[-4:]}" if len(token) > 12 else "…",
        active=device.active,
        last_seen_at=device.last_seen_at,
        created_at=device.created_at,
    )


class DevicesView(ApiEndpoint):
    tag = "people"

    @operation(permission=Open.SIGNED_IN, answers={200: Devices}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """List a person's devices."""
        rows = _person(call, user_id).devices.order_by("-id")
        return Answer(value=Devices(results=[_device_out(d) for d in rows]))

    @operation(permission=Open.SIGNED_IN, body=DeviceIn, answers={201: DeviceOut}, problems=(404, 409))
    def post(self, call: Call, user_id: UUID) -> Answer:
        """Register a device."""
        user = _person(call, user_id)
        body: DeviceIn = call.body
        token = directory.checked_address(ChannelKey.PUSH, body.token, "/token")
        device = Device.objects.filter(token_hash__in=ring().lookup_hashes("device", token)).first()
        if device is None and user.devices.count() >= MOST:
            raise Refusal(409, "too_many_devices", f"a person may have {MOST} devices; remove one first")
        device = device or Device()
        device.user, device.active, device.app = user, True, body.app
        device.platform, device.token_kind = Platform(body.platform), TokenKind(body.token_kind)
        device.token, device.last_seen_at = token, clock.now()
        try:
            with transaction.atomic():
                device.save()
        except IntegrityError as error:
            raise Refusal(409, "device_taken", "this token was registered at the same moment; try again") from error
        return Answer(status=201, value=_device_out(device))


class DeviceView(ApiEndpoint):
    tag = "people"

    @operation(permission=Open.SIGNED_IN, answers={204: None}, problems=(404,))
    def delete(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Remove a device."""
        removed, _ = _person(call, user_id).devices.filter(pk=id).delete()
        if not removed:
            raise Refusal(404, "device_not_found", "this person has no such device")
        return Answer(status=204)


def _endpoint_out(row: Endpoint, *, secret: bool = False) -> EndpointOut:
    return EndpointOut(
        id=row.id,
        channel=row.channel,
        target=str(row.target),
        active=row.active,
        created_at=row.created_at,
        secret=str(row.secret) if secret and row.secret else None,
    )


def _refuse_private(url: str) -> None:
    """A literal private address can be refused at once. Names are looked at when connecting, by the guard."""
    host = (urlsplit(url).hostname or "").rstrip(".")
    literal = _literal(host)
    private = host == "localhost" or host.endswith(".localhost") or (literal is not None and is_forbidden(literal))
    if private and not settings.ENV.webhook_allow_private:
        raise InputError("forbidden_target", "private and reserved addresses cannot be called", pointer="/target")


def _literal(host: str) -> str | None:
    """The address, when the host is one in any spelling that resolvers take (127.1, 0x7f.1); None for names."""
    with suppress(OSError, UnicodeError):
        return socket.inet_ntoa(socket.inet_aton(host))
    return host if ":" in host else None


class EndpointsView(ApiEndpoint):
    tag = "people"

    @operation(permission=Open.SIGNED_IN, answers={200: Endpoints}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """List a person's webhook and chat endpoints."""
        rows = _person(call, user_id).endpoints.order_by("-id")
        return Answer(value=Endpoints(results=[_endpoint_out(e) for e in rows]))

    @operation(permission=Open.SIGNED_IN, body=EndpointIn, answers={201: EndpointOut}, problems=(404, 409))
    def post(self, call: Call, user_id: UUID) -> Answer:
        """Add an endpoint. The answer holds a webhook's signing secret, this once."""
        user = _person(call, user_id)
        if user.endpoints.count() >= MOST:
            raise Refusal(409, "too_many_endpoints", f"a person may have {MOST} endpoints; remove one first")
        key = ChannelKey(call.body.channel)
        row = Endpoint(user=user, channel=key)
        row.target = directory.checked_address(key, call.body.target, "/target")
        if key is ChannelKey.WEBHOOK:
            _refuse_private(str(row.target))
            row.secret = new_secret()
        row.save()
        return Answer(status=201, value=_endpoint_out(row, secret=True))


class EndpointView(ApiEndpoint):
    tag = "people"

    @operation(permission=Open.SIGNED_IN, answers={204: None}, problems=(404,))
    def delete(self, call: Call, user_id: UUID, id: UUID) -> Answer:  # noqa: A002
        """Remove an endpoint."""
        removed, _ = _person(call, user_id).endpoints.filter(pk=id).delete()
        if not removed:
            raise Refusal(404, "endpoint_not_found", "this person has no such endpoint")
        return Answer(status=204)
