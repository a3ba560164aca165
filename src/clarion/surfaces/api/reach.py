"""A person's devices (push): their own, or anybody's for staff. Webhook and chat endpoints are in endpoints.py."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from msgspec import Meta

from clarion.channels.device_token import parse_device_token, parse_subscription
from clarion.channels.errors import InvalidValue
from clarion.channels.push import mask_token
from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.people.models import Device, Platform, TokenKind
from clarion.records.personal.ring import ring
from clarion.surfaces.api.endpoint import Answer, Call, Open, operation
from clarion.surfaces.api.endpoint import Endpoint as ApiEndpoint
from clarion.surfaces.api.endpoints import person, refuse_private
from clarion.surfaces.api.fields import Instant, Text
from clarion.surfaces.api.problems import Refusal

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
    """A device to register. The same token again moves it to this user and wakes it up. `token`: of `fcm_token` and
    `fid`, what Firebase gave the app; of `apns`, the device token in hex; of `webpush`, `JSON.stringify(subscription)`.
    `app` names the app where an account serves several (for APNs its bundle id)."""

    platform: PlatformName
    token: Annotated[str, Meta(min_length=1, max_length=4096)]
    token_kind: TokenKindName = "fcm_token"  # noqa: S105 - a kind, not a token
    app: Text = ""


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """All devices of a person."""

    results: list[DeviceOut]


def _device_out(device: Device) -> DeviceOut:
    return DeviceOut(
        id=device.id,
        platform=device.platform,
        token_kind=device.token_kind,
        app=device.app,
        token=mask_token(device.token),
        active=device.active,
        last_seen_at=device.last_seen_at,
        created_at=device.created_at,
    )


def _checked_token(body: DeviceIn) -> str:
    """The token in the normal form of its kind; raises InputError."""
    try:
        token = parse_device_token(body.token_kind, body.token)
        if body.token_kind == "webpush":  # noqa: S105 - a kind, not a token
            _refuse_push_service(parse_subscription(token).endpoint)
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer="/token") from error
    return token


def _refuse_push_service(url: str) -> None:
    """Whom a subscription names as its push service, a recipient chose: public and https, as for a webhook."""
    refuse_private(url, "/token")
    if not url.startswith("https://") and not settings.ENV.webhook_allow_private:
        raise InputError("forbidden_target", "the endpoint of a push subscription is https", pointer="/token")


class DevicesView(ApiEndpoint):
    tag = "people"

    @operation(permission=Open.SIGNED_IN, answers={200: Devices}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """List a person's devices."""
        rows = person(call, user_id).devices.order_by("-id")
        return Answer(value=Devices(results=[_device_out(d) for d in rows]))

    @operation(permission=Open.SIGNED_IN, body=DeviceIn, answers={201: DeviceOut}, problems=(404, 409))
    def post(self, call: Call, user_id: UUID) -> Answer:
        """Register a device."""
        user = person(call, user_id)
        body: DeviceIn = call.body
        token = _checked_token(body)
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
        removed, _ = person(call, user_id).devices.filter(pk=id).delete()
        if not removed:
            raise Refusal(404, "device_not_found", "this person has no such device")
        return Answer(status=204)
