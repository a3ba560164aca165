"""Who is at the door of a socket: the token, the origin, and what is refused with which close code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import redis
from django.conf import settings
from django.http.request import validate_host

from clarion.records import clock
from clarion.records.access import tokens
from clarion.records.access.tokens import Claims
from clarion.records.live import tickets
from clarion.surfaces.realtime.bridge import Scope

SUBPROTOCOL = "clarion.jwt"
UNKNOWN_CALLER = 4401
NOT_YOURS = 4403
TRY_AGAIN_LATER = 1013


class Refused(Exception):
    """The socket is closed with this code; the text may be shown to the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A user behind a good token."""

    user_id: UUID
    claims: Claims = field(repr=False)

    @property
    def expires_at(self) -> datetime:
        """The socket ends then."""
        return self.claims.expires_at


def check_origin(scope: Scope) -> None:
    """Browsers name the page's origin; other programs name none. Raises Refused for pages of other sites."""
    origin = _header(scope, b"origin")
    if not origin:
        return
    if origin in settings.CORS_ORIGINS:
        return
    host = (urlsplit(origin).hostname or "").lower()
    allowed = [*settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL).hostname or ""]
    name = f"[{host}]" if ":" in host else host
    if not host or not validate_host(name, allowed):
        raise Refused(NOT_YOURS, "pages of this origin may not connect; name it in CLARION_CORS_ORIGINS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What somebody shows at the door: a token, or a ticket and the page's origin."""

    token: str = field(default="", repr=False)
    ticket: str = field(default="", repr=False)
    origin: str = ""


def shown_by(scope: Scope) -> Shown:
    """`?ticket=`, or a token (see `_token_of`)."""
    query = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1"))
    ticket = query.get("ticket", [""])[0]
    if ticket:
        return Shown(ticket=ticket, origin=_header(scope, b"origin").rstrip("/"))
    return Shown(token=_token_of(scope))


def _token_of(scope: Scope) -> str:
    """From the Authorization header, the subprotocols `clarion.jwt, <token>`, or `?token=`; else empty."""
    scheme, _, credential = _header(scope, b"authorization").partition(" ")
    if scheme.lower() == "bearer":
        return credential.strip()
    offered = list(scope.get("subprotocols") or [])
    if SUBPROTOCOL in offered:
        return str(next((name for name in offered if name != SUBPROTOCOL), ""))
    query = parse_qs(bytes(scope.get("query_string", b"")).decode("latin-1"))
    return query.get("token", [""])[0]


def subprotocol_of(scope: Scope) -> str | None:
    """What to answer: a browser that offered ours drops the connection unless it is chosen."""
    return SUBPROTOCOL if SUBPROTOCOL in (scope.get("subprotocols") or []) else None


def admit_many(asked: Sequence[Shown]) -> list[Visitor | Exception]:
    """The users behind these tokens and tickets, or why there is none (Refused). Reads the database: call it in a
    thread."""
    claims = [_redeemed(shown) if shown.ticket else _claims(shown.token) for shown in asked]
    good = iter(still_admitted([each for each in claims if isinstance(each, Claims)]))
    return [next(good) if isinstance(each, Claims) else each for each in claims]


def still_admitted(claims: Sequence[Claims]) -> list[Visitor | Exception]:
    """The users of these claims as they stand now, or why they may stay no longer (Refused). Reads the database."""
    return [
        Refused(UNKNOWN_CALLER, str(caller))
        if isinstance(caller, tokens.InvalidToken)
        else Visitor(user_id=caller.user_id, claims=each)
        for each, caller in zip(claims, tokens.callers_for(claims), strict=True)
    ]


def _redeemed(shown: Shown) -> Claims | Refused:
    try:
        claims = tickets.redeem(shown.ticket, shown.origin)
    except redis.RedisError:
        return Refused(TRY_AGAIN_LATER, "tickets cannot be looked up now; connect again with a token or a fresh one")
    return claims or Refused(UNKNOWN_CALLER, "the ticket is used, too old or another page's; get a fresh one")


def _claims(token: str) -> Claims | Refused:
    if not token:
        return Refused(
            UNKNOWN_CALLER, "give a ticket (?ticket=), or a token: ?token=, Authorization: Bearer, clarion.jwt"
        )
    try:
        claims = tokens.claims_of(token)
    except tokens.InvalidToken as error:
        return Refused(UNKNOWN_CALLER, str(error))
    if claims.expires_at <= clock.now():  # no leeway here: the socket would be closed at once
        return Refused(UNKNOWN_CALLER, "the token has expired")
    return claims


def _header(scope: Scope, wanted: bytes) -> str:
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            return bytes(value).decode("latin-1")
    return ""
