"""Which path leads to which socket. There is one: `/ws/notifications/`."""

from urllib.parse import parse_qs

from django.db import InterfaceError, OperationalError

from clarion.surfaces.realtime.bridge import Receive, Scope, Send
from clarion.surfaces.realtime.handshake import (
    TRY_AGAIN_LATER,
    Refused,
    Visitor,
    check_origin,
    shown_by,
    subprotocol_of,
)
from clarion.surfaces.realtime.hub import hub
from clarion.surfaces.realtime.session import Session

PATH = "/ws/notifications"
DIGITS_MOST = 18


async def websocket_application(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application for `websocket` scopes."""
    if scope["type"] != "websocket":
        raise ValueError(f"this application serves WebSocket, not {scope['type']}")
    event = await receive()
    if event["type"] != "websocket.connect":
        return
    if scope["path"].rstrip("/") != PATH:
        await send({"type": "websocket.close", "code": 4404})  # before accept: the server answers 403
        return
    try:
        visitor = await _admit(scope)
    except Refused as refused:
        # A browser sees the close code of an accepted socket only; of a refused handshake it sees a bare 1006.
        await send({"type": "websocket.accept", "subprotocol": subprotocol_of(scope)})
        await send({"type": "websocket.close", "code": refused.code, "reason": refused.reason})
        return
    await send({"type": "websocket.accept", "subprotocol": subprotocol_of(scope)})
    await Session(visitor, hub(), receive, send).run(_number(scope, "since"), _number(scope, "rev"))


async def _admit(scope: Scope) -> Visitor:
    check_origin(scope)
    try:
        return await hub().loading.visitors.get(shown_by(scope))
    except (OperationalError, InterfaceError) as error:
        raise Refused(TRY_AGAIN_LATER, "temporarily unavailable; connect again") from error


def _number(scope: Scope, name: str) -> int | None:
    """`?since=SEQ`, `?rev=REV`: a client that knows where it stopped gets what came after, instead of all unread."""
    given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get(name, [""])[0]
    return int(given) if given.isascii() and given.isdigit() and len(given) <= DIGITS_MOST else None
