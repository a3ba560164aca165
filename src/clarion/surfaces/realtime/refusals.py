"""Refusals before any view: the bridge's own problem+json, in the API's form (surfaces/api/problems.py).

Separate from the API's because nothing here may need Django or a thread of the pool.
"""

import asyncio
import contextlib
import json
import uuid

import structlog

from clarion.surfaces.realtime.answers import Answer, transmit
from clarion.surfaces.realtime.shapes import Event, Receive, Send

log = structlog.get_logger()

LINGER_SECONDS = 2.0
TITLES = {408: "Too slow", 413: "Too large", 503: "Temporarily unavailable"}


class Refused(Exception):
    """Answer with this problem, and end the connection."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


async def refuse(refused: Refused, receive: Receive, send: Send) -> None:
    """Send the problem and close, but read on a little first: a socket closed with unread bytes is reset, and the
    client would lose the answer. Raises Gone."""
    trace_id = uuid.uuid4().hex
    log.info("request_refused", code=refused.code, status=refused.status, trace_id=trace_id)
    text = _problem(refused, trace_id)
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(text)).encode("ascii"))]
    if refused.status == 503:
        headers.append((b"retry-after", b"5"))
    start: Event = {
        "type": "http.response.start",
        "status": refused.status,
        "headers": [*headers, (b"connection", b"close")],
    }
    await transmit(Answer(start=start, body=text), send, more=True)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (event := await receive())["type"] == "http.request" and event.get("more_body"):
                pass
    await transmit(Answer(start=None, body=b""), send)


def _problem(refused: Refused, trace_id: str) -> bytes:
    problem = {
        "type": f"urn:clarion:problem:{refused.code}",
        "title": TITLES[refused.status],
        "status": refused.status,
        "code": refused.code,
        "detail": refused.detail,
        "trace_id": trace_id,
    }
    return json.dumps(problem).encode()
