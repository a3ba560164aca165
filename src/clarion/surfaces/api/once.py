"""`Idempotency-Key` on every POST that changes something, for callers who are known: the first answer is given again.

A refusal pins nothing, for it did nothing: the caller mends the request and may use the same key. So do 5xx and 429.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from clarion.flows.ingest import idempotency
from clarion.flows.ingest.idempotency import Pinned
from clarion.records import clock
from clarion.records.access.permissions import Caller
from clarion.records.crashing import Point, crash_point
from clarion.surfaces.api.problems import Refusal

HEADER = "Idempotency-Key"
KEY_LENGTH = 255


def answered_once(
    request: HttpRequest, caller: Caller, body: bytes, work: Callable[[], tuple[HttpResponse, dict[str, str]]]
) -> HttpResponse:
    """What `work` answers; under a key, what it answered the first time. `work` gives the response and the headers that
    belong to the answer."""
    key = request.headers.get(HEADER)
    if key is None:
        return work()[0]
    if not 1 <= len(key) <= KEY_LENGTH or not key.isprintable():
        raise Refusal(422, "invalid_idempotency_key", f"{HEADER}: 1 to {KEY_LENGTH} printable characters")
    refused: list[Refusal] = []

    def pin() -> Pinned | None:
        try:
            response, headers = work()
        except Refusal as refusal:
            if not refusal.stands:
                raise
            refused.append(refusal)  # what it did is to stay on record
            return None
        crash_point(Point.API_BEFORE_COMMIT)
        return Pinned(status=response.status_code, body=response.content, headers=headers)

    pinned = idempotency.once(caller.id, key, _said(request, body), clock.now(), pin)
    crash_point(Point.API_COMMITTED)
    if pinned is None:
        raise refused[0]
    return _response(pinned)


def _said(request: HttpRequest, body: bytes) -> bytes:
    """All that makes two requests the same one."""
    return b"\0".join([(request.method or "").encode(), request.path.rstrip("/").encode(), body])


def _response(pinned: Pinned) -> HttpResponse:
    response = HttpResponse(pinned.body, status=pinned.status, content_type="application/json")
    if not pinned.body:
        del response["Content-Type"]
    for name, value in pinned.headers.items():
        response[name] = value
    if pinned.replayed:
        response["Idempotency-Replayed"] = "true"
    return response
