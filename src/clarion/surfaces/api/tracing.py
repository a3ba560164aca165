"""One id for each request: taken from a well-formed X-Request-ID or made here; in every log line and problem."""

import re
from collections.abc import Callable
from time import perf_counter

import structlog
from django.http import HttpRequest, HttpResponse

from clarion.records.ids import new_id

_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}\Z")
PROBES = frozenset({"livez", "readyz"})  # asked every second; what they answer is no news
log = structlog.get_logger()


def trace_id_of(request: HttpRequest) -> str:
    """The request's trace id."""
    return str(getattr(request, "trace_id", ""))


class TraceMiddleware:
    """Binds the trace id and logs one line a request: method, route, status, milliseconds; never the query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        trace_id = given if _WELL_FORMED.match(given) else new_id().hex
        request.trace_id = trace_id  # type: ignore[attr-defined]
        if request.path.strip("/") not in PROBES:
            request.get_host()  # raises DisallowedHost: a page elsewhere may have had its name pointed at us
        started = perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=trace_id):
            response = self.get_response(request)
            route = request.resolver_match.route if request.resolver_match else ""
            bad = response.status_code >= 500 and route not in PROBES
            level = "warning" if bad else "debug"
            getattr(log, level)(
                "http_request",
                method=request.method,
                route=route,
                status=response.status_code,
                milliseconds=round((perf_counter() - started) * 1000, 1),
            )
        response["X-Request-ID"] = trace_id
        return response
