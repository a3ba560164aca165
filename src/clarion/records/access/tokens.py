"""JWTs: our own access and refresh tokens, and the platform's, verified with a shared secret or a public key."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from clarion.records.access.models import RefreshToken
from clarion.records.access.permissions import Caller, CallerKind, Permission, parse_permissions
from clarion.records.ids import new_id
from clarion.records.people.models import User

ACCESS_LIFE = timedelta(minutes=30)
REFRESH_LIFE = timedelta(days=14)
LEEWAY = timedelta(seconds=30)
LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class InvalidToken(Exception):
    """The token is not good; the text says in general terms why."""


class CannotIssue(Exception):
    """This deployment only verifies tokens (a public key is configured); the platform issues them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPair:
    """What login and refresh answer."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


def issue(user: User, now: datetime, *, life: timedelta = ACCESS_LIFE, family: UUID | None = None) -> TokenPair:
    """A fresh pair for the user; raises CannotIssue where only a public key is configured."""
    access = _encode(user, "access", now, life)
    row = RefreshToken.objects.create(user=user, family=family or new_id(), expires_at=now + REFRESH_LIFE)
    refresh = _encode(user, "refresh", now, REFRESH_LIFE, jti=str(row.id))
    return TokenPair(access=access, refresh=refresh)


def may_issue() -> bool:
    """Whether this deployment holds a key to sign with, not only one to verify with."""
    return bool(settings.JWT_ALGORITHM == "HS256")


def access_token(user: User, now: datetime, life: timedelta) -> str:
    """An access token alone, for scripts and demo data."""
    return _encode(user, "access", now, life)


def refresh(token: str, now: datetime) -> TokenPair:
    """Exchange a refresh token; a token used before ends its whole family (somebody copied it)."""
    claims = _decode(token)
    token_id = _uuid(claims.get("jti")) if claims.get("token_type") == "refresh" else None
    if token_id is None:
        raise InvalidToken("this is not a refresh token")
    with transaction.atomic():
        # the token alone is locked: `revoke_all` takes the user first, and the two must not wait for each other
        rows = RefreshToken.objects.select_for_update(of=("self",)).select_related("user")
        row = rows.filter(pk=token_id).first()
        if row is None or row.expires_at <= now:
            raise InvalidToken("the refresh token is unknown or expired; log in again")
        if row.used_at is None:
            if not row.user.is_active or claims.get("epoch") != row.user.token_epoch:
                raise InvalidToken("the account changed since; log in again")
            row.used_at = now
            row.save(update_fields=["used_at"])
            # before the commit: who uses the token a second time must find the new one too when ending its family
            return issue(row.user, now, family=row.family)
        RefreshToken.objects.filter(family=row.family).delete()
    raise InvalidToken("the refresh token was used before; log in again")


def revoke_all(user: User) -> None:
    """End every token of the user (password change, lock-out)."""
    User.objects.filter(pk=user.pk).update(token_epoch=F("token_epoch") + 1)
    user.refresh_from_db(fields=["token_epoch"])
    RefreshToken.objects.filter(user=user).delete()


def forget_expired(now: datetime) -> int:
    """Delete refresh tokens that are of no use any more; returns how many."""
    return RefreshToken.objects.filter(expires_at__lt=now).delete()[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a good access token says. `user_id` is our id or the platform's own; `epoch` None: the platform's token.
    `rooms`: the rooms of rule `claim` that it opens."""

    user_id: str
    epoch: int | None
    expires_at: datetime
    rooms: frozenset[str] = frozenset()


def claims_of(token: str) -> Claims:
    """What an access token says, its signature and times checked, its user not. Raises InvalidToken."""
    claims = _decode(token)
    if claims.get("token_type", "access") != "access":
        raise InvalidToken("a refresh token is no access token")
    try:
        expires_at = datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
    except (ValueError, OverflowError, OSError):
        expires_at = LATEST
    user_id, epoch = str(claims["user_id"]), claims.get("epoch")
    return Claims(user_id=user_id, epoch=epoch, expires_at=expires_at, rooms=_rooms(claims.get("rooms")))


def _rooms(claim: object) -> frozenset[str]:
    """Anything but a list of texts names no room."""
    return frozenset(each for each in claim if isinstance(each, str)) if isinstance(claim, list) else frozenset()


def caller_for(token: str) -> Caller:
    """The caller behind an access token; raises InvalidToken."""
    (found,) = callers_for([claims_of(token)])
    if isinstance(found, InvalidToken):
        raise found
    return found


def callers_for(claims: Sequence[Claims]) -> list[Caller | InvalidToken]:
    """The callers behind these claims as they stand now, in one query."""
    users = _users_of({each.user_id for each in claims})
    return [_caller(each, users.get(each.user_id)) for each in claims]


def _caller(claims: Claims, user: User | None) -> Caller | InvalidToken:
    if user is None:
        return InvalidToken("the user of this token is unknown or inactive")
    if claims.epoch is not None and claims.epoch != user.token_epoch:
        return InvalidToken("the token was revoked; log in again")
    permissions = parse_permissions(user.permissions) | ({Permission.STAFF} if user.is_staff else set())
    return Caller(kind=CallerKind.USER, id=user.id, user_id=user.id, permissions=frozenset(permissions))


def _users_of(names: Collection[str]) -> dict[str, User]:
    """Active users by what a token calls them; our own ids go before the platform's."""
    ids = {name: identifier for name in names if (identifier := _uuid(name)) is not None}
    rows = list(User.objects.filter(Q(pk__in=ids.values()) | Q(external_id__in=names), is_active=True))
    by_id = {row.id: row for row in rows}
    found = {row.external_id: row for row in rows if row.external_id}
    return found | {name: by_id[identifier] for name, identifier in ids.items() if identifier in by_id}


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _encode(user: User, kind: str, now: datetime, life: timedelta, **more: str) -> str:
    if not may_issue():
        raise CannotIssue("tokens are issued by your platform, whose public key is configured here")
    claims = {
        "user_id": str(user.id),
        "token_type": kind,
        "epoch": user.token_epoch,
        "iat": int(now.timestamp()),
        "exp": int((now + life).timestamp()),
        **more,
    }
    return jwt.encode(claims, settings.JWT_KEY, algorithm="HS256")


def _decode(token: str) -> dict[str, Any]:
    try:
        return dict(
            jwt.decode(
                token,
                settings.JWT_KEY,
                algorithms=[settings.JWT_ALGORITHM],
                leeway=LEEWAY,
                options={"require": ["exp", "user_id"], "verify_aud": False},
            )
        )
    except jwt.ExpiredSignatureError as error:
        raise InvalidToken("the token has expired") from error
    except jwt.InvalidTokenError as error:
        raise InvalidToken("the token is not valid") from error
