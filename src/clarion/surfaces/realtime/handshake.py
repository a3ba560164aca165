"""Who is at the door of a socket: the token, the origin, and what is refused with which close code."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import jwt
from django.conf import settings
from django.http.request import validate_host

from clarion.records.access import tokens
from clarion.surfaces.realtime.bridge import Scope

SUBPROTOCOL = "clarion.jwt"
UNKNOWN_CALLER = 4401
NOT_YOURS = 4403
LATEST = datetime(9999, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """The socket is closed with this code; the text may be shown to the client."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A user behind a good token, until `expires_at`."""

    user_id: UUID
    expires_at: datetime
    token: str = field(repr=False)


def check_origin(scope: Scope) -> None:
    """Browsers name the page's origin; other programs name none. Raises Refused for pages of other sites."""
    origin = _header(scope, b"origin")
    if not origin:
        return
    host = (urlsplit(origin).hostname or "").lower()
    allowed = [*settings.ALLOWED_HOSTS, urlsplit(settings.PUBLIC_URL).hostname or ""]
    name = f"[{host}]" if ":" in host else host
    if not host or not validate_host(name, allowed):
        raise Refused(NOT_YOURS, "pages of this origin may not connect; add its host to CLARION_ALLOWED_HOSTS")


def token_of(scope: Scope) -> str:
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


def admit(token: str, now: datetime) -> Visitor:
    """The user behind a token; raises Refused. Reads the database: call it in a thread."""
    if not token:
        raise Refused(UNKNOWN_CALLER, "give a token: ?token=, Authorization: Bearer, or the clarion.jwt subprotocol")
    try:
        caller = tokens.caller_for(token)
    except tokens.InvalidToken as error:
        raise Refused(UNKNOWN_CALLER, str(error)) from error
    expires_at = _expiry(token)
    if expires_at <= now:  # no leeway here: the socket would be closed at once
        raise Refused(UNKNOWN_CALLER, "the token has expired")
    return Visitor(user_id=caller.user_id, expires_at=expires_at, token=token)


def _expiry(token: str) -> datetime:
    # caller_for has verified the signature just now; this only reads what it has checked
    claims = jwt.decode(token, options={"verify_signature": False})
    try:
        return datetime.fromtimestamp(int(claims["exp"]), tz=UTC)
    except (ValueError, OverflowError, OSError):
        return LATEST


def _header(scope: Scope, wanted: bytes) -> str:
    for name, value in scope["headers"]:
        if name.lower() == wanted:
            return bytes(value).decode("latin-1")
    return ""
