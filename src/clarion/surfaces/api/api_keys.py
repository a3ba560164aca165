"""API keys of the caller: make, list, rotate, revoke. A key can never do more than its maker, nor for longer."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.access import keys
from clarion.records.access.models import ApiKey
from clarion.records.access.permissions import CallerKind, Permission, parse_permissions
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Name
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.users import find_user

MOST = 100
FARTHEST = timedelta(days=3660)


class KeyOut(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secret, but for `key` right after making or rotating it."""

    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    expires_at: Instant | None
    last_used_at: Instant | None
    previous_until: Instant | None
    revoked_at: Instant | None
    created_at: Instant
    key: str | None = None


class KeyIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make."""

    name: Name
    scopes: Annotated[list[Permission], Meta(min_length=1, max_length=20)]
    expires_at: Instant | None = None


class Rotate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the old secret stays good: 0 seconds to 30 days."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=2_592_000)] = 86_400


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's keys, newest first."""

    results: list[KeyOut]


def _out(row: ApiKey, secret: str | None = None) -> KeyOut:
    return KeyOut(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=list(row.scopes),
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        previous_until=row.previous_until,
        revoked_at=row.revoked_at,
        created_at=row.created_at,
        key=secret,
    )


def _own(call: Call, identifier: UUID) -> ApiKey:
    row = ApiKey.objects.filter(pk=identifier, owner_id=call.caller.user_id, revoked_at=None).first()
    if row is None:
        raise Refusal(404, "api_key_not_found", "you have no such key, or it is revoked")
    return row


def _refuse_beyond(call: Call, scopes: list[str] | list[Permission]) -> None:
    """Nobody makes, renews or ends a key that may do more than oneself: a leaked small key must not become a big
    one."""
    beyond = [scope for scope in sorted(parse_permissions(list(scopes))) if not call.caller.may(scope)]
    if beyond:
        raise Refusal(403, "permission_denied", f"you do not hold {', '.join(beyond)} yourself")


def _end_of_caller(call: Call) -> datetime | None:
    """When the key that calls expires; None for one that does not, and for people."""
    if call.caller.kind is not CallerKind.API_KEY:
        return None
    return ApiKey.objects.filter(pk=call.caller.id).values_list("expires_at", flat=True).first()


def _refuse_outliving(call: Call, expires_at: datetime | None) -> None:
    """A leaked key that ends soon must not get itself another that does not."""
    end = _end_of_caller(call)
    if end is not None and (expires_at is None or expires_at > end):
        text = f"the key you call with expires at {end:%Y-%m-%dT%H:%M:%SZ}; use the user's own token for one that lasts"
        raise Refusal(403, "outlives_maker", text)


def _check_expiry(expires_at: datetime | None) -> None:
    now = clock.now()
    if expires_at is not None and expires_at <= now:
        raise InputError("already_expired", "expires_at lies in the past", pointer="/expires_at")
    if expires_at is not None and expires_at > now + FARTHEST:
        raise InputError("expires_too_far", "expires_at may be ten years ahead at most", pointer="/expires_at")


class ApiKeysView(Endpoint):
    tag = "access"

    @operation(permission=Open.SIGNED_IN, answers={200: Keys})
    def get(self, call: Call) -> Answer:
        """List my API keys."""
        rows = ApiKey.objects.filter(owner_id=call.caller.user_id).order_by("-id")[:MOST]
        return Answer(value=Keys(results=[_out(row) for row in rows]))

    @operation(permission=Open.SIGNED_IN, body=KeyIn, answers={201: KeyOut}, problems=(403, 404, 409))
    def post(self, call: Call) -> Answer:
        """Make an API key; its secret is in the answer, this once."""
        body: KeyIn = call.body
        _refuse_beyond(call, body.scopes)
        _check_expiry(body.expires_at)
        expires_at = body.expires_at or _end_of_caller(call)
        _refuse_outliving(call, expires_at)
        if ApiKey.objects.filter(owner_id=call.caller.user_id, revoked_at=None).count() >= MOST:
            raise Refusal(409, "too_many_keys", f"{MOST} keys at most; revoke one first")
        minted = keys.mint(find_user(call.caller.user_id), body.name, body.scopes, expires_at=expires_at)
        return Answer(status=201, value=_out(minted.row, minted.secret))


class ApiKeyView(Endpoint):
    tag = "access"

    @operation(permission=Open.SIGNED_IN, answers={204: None}, problems=(403, 404))
    def delete(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Revoke a key; it stops working within seconds."""
        row = _own(call, id)
        _refuse_beyond(call, row.scopes)
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        return Answer(status=204)


class RotateKeyView(Endpoint):
    tag = "access"

    @operation(permission=Open.SIGNED_IN, body=Rotate, answers={200: KeyOut}, problems=(403, 404))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Give a key a new secret; the old one stays good for the overlap."""
        row = _own(call, id)
        _refuse_beyond(call, row.scopes)
        _refuse_outliving(call, row.expires_at)
        minted = keys.rotate(row, clock.now(), timedelta(seconds=call.body.overlap_seconds))
        return Answer(value=_out(minted.row, minted.secret))
