"""One-time tickets for sockets, so that no token stands in a URL: good for half a minute, for one user, and for pages
of one origin where one is named. They are kept in Redis under their hash, and gone with the first use."""

import secrets
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import msgspec
from django.conf import settings

from clarion.records import volatile
from clarion.records.access.tokens import Claims

LIFE = timedelta(seconds=30)


class _Kept(msgspec.Struct, array_like=True):
    user_id: str
    epoch: int | None
    expires_at: float
    origin: str
    rooms: list[str] = []


def issue(claims: Claims, origin: str) -> str:
    """A ticket that admits to a socket as these claims do; `origin` empty: for any page. Raises redis.RedisError."""
    ticket = secrets.token_urlsafe(32)
    kept = _Kept(claims.user_id, claims.epoch, claims.expires_at.timestamp(), origin, list(claims.rooms))
    volatile.connection().set(_key(ticket), msgspec.json.encode(kept), ex=LIFE)
    return ticket


def redeem(ticket: str, origin: str) -> Claims | None:
    """What the ticket was issued for, once; None for one that is unknown, used, too old or another origin's. Raises
    redis.RedisError."""
    found = volatile.connection().getdel(_key(ticket))
    if found is None:
        return None
    kept = msgspec.json.decode(found, type=_Kept)  # type: ignore[arg-type]
    if kept.origin and kept.origin != origin:
        return None
    return Claims(
        user_id=kept.user_id,
        epoch=kept.epoch,
        expires_at=datetime.fromtimestamp(kept.expires_at, tz=UTC),
        rooms=frozenset(kept.rooms),
    )


def _key(ticket: str) -> str:
    return f"{settings.LAYER_PREFIX}:ticket:{sha256(ticket.encode()).hexdigest()}"
