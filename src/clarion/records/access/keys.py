"""API keys: minting, checking, rotating. `clrn_<prefix>_<secret>`; the table holds keyed hashes only."""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from clarion.records.access.models import ApiKey
from clarion.records.access.permissions import Caller, CallerKind, Permission, parse_permissions
from clarion.records.people.models import User

MARK = "clrn"
DEFAULT_OVERLAP = timedelta(hours=24)
LAST_USED_GRAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A key as it is shown once."""

    row: ApiKey
    secret: str = field(repr=False)


def _hash(secret: str) -> bytes:
    return hmac.digest(settings.SECRET_KEY.encode(), b"api key\0" + secret.encode(), "sha256")


def _new_secret(prefix: str) -> str:
    return f"{MARK}_{prefix}_{secrets.token_urlsafe(32)}"


def mint(owner: User, name: str, scopes: list[Permission], *, expires_at: datetime | None = None) -> Minted:
    """Make a key for `owner`; its secret is in the answer and nowhere else."""
    prefix = secrets.token_hex(6)
    secret = _new_secret(prefix)
    row = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        hash=_hash(secret),
        owner=owner,
        scopes=[str(s) for s in scopes],
        expires_at=expires_at,
    )
    return Minted(row=row, secret=secret)


def rotate(row: ApiKey, now: datetime, overlap: timedelta = DEFAULT_OVERLAP) -> Minted:
    """Give the key a new secret; the old one stays good for `overlap`."""
    secret = _new_secret(row.prefix)
    row.previous_hash, row.previous_until, row.hash = row.hash, now + overlap, _hash(secret)
    row.save(update_fields=["previous_hash", "previous_until", "hash"])
    return Minted(row=row, secret=secret)


def caller_for(secret: str, now: datetime) -> Caller | None:
    """The caller behind a secret, or None when it is unknown, revoked, expired or its owner inactive."""
    parts = secret.split("_", 2)
    if len(parts) != 3 or parts[0] != MARK:
        return None
    row = ApiKey.objects.select_related("owner").filter(prefix=parts[1]).first()
    if row is None or not _is_good(row, secret, now):
        return None
    if row.last_used_at is None or now - row.last_used_at > LAST_USED_GRAIN:
        ApiKey.objects.filter(pk=row.pk).update(last_used_at=now)
    scopes, own = parse_permissions(row.scopes), parse_permissions(row.owner.permissions)
    if not row.owner.is_staff and Permission.STAFF not in own:
        scopes &= own
    return Caller(kind=CallerKind.API_KEY, id=row.id, user_id=row.owner_id, permissions=scopes)


def _is_good(row: ApiKey, secret: str, now: datetime) -> bool:
    if row.revoked_at is not None or not row.owner.is_active:
        return False
    if row.expires_at is not None and row.expires_at <= now:
        return False
    given = _hash(secret)
    if hmac.compare_digest(given, bytes(row.hash)):
        return True
    in_overlap = row.previous_until is not None and row.previous_until > now
    return in_overlap and row.previous_hash is not None and hmac.compare_digest(given, bytes(row.previous_hash))
