"""Errors as RFC 9457 problem+json: one shape, stable codes, JSON pointers, a trace id; no internals."""

from typing import Any

import msgspec
import structlog
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from psycopg.errors import ForeignKeyViolation
from rest_framework import exceptions

from clarion.contract.input_error import InputError
from clarion.surfaces.api.tracing import trace_id_of

log = structlog.get_logger()


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one part of the request."""

    pointer: str
    code: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457. `errors` names the fields at fault; `trace_id` is in the server's log."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    trace_id: str
    errors: list[FieldProblem] = []
    notifications: list[str] = []


TITLES = {
    400: "Bad request",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid input",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
}


class Refusal(Exception):
    """Answer with this problem. For doors; storeys below raise InputError. `stands`: what was done before it is to be
    kept, as the decisions about a send that the recipient does not want."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[FieldProblem] | None = None,
        headers: dict[str, str] | None = None,
        notifications: list[str] | None = None,
        stands: bool = False,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors = errors or []
        self.headers = headers or {}
        self.notifications = notifications or []
        self.stands = stands


def problem_response(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal as an HTTP answer."""
    problem = Problem(
        type=f"urn:clarion:problem:{refusal.code}",
        title=TITLES.get(refusal.status, "Error"),
        status=refusal.status,
        code=refusal.code,
        detail=refusal.detail,
        trace_id=trace_id_of(request),
        errors=refusal.errors,
        notifications=refusal.notifications,
    )
    response = HttpResponse(
        msgspec.json.encode(problem), status=refusal.status, content_type="application/problem+json"
    )
    for name, value in refusal.headers.items():
        response[name] = value
    return response


def as_refusal(error: Exception) -> Refusal | None:
    """Translate the errors that are somebody's fault, or a passing outage; None for bugs."""
    match error:
        case Refusal():
            return error
        case InputError():
            fields = [FieldProblem(pointer=error.pointer, code=error.code, message=error.message)]
            return Refusal(error.status, error.code, error.message, errors=fields)
        case Http404():
            return Refusal(404, "not_found", "there is nothing here under this path")
        case PermissionDenied() | exceptions.PermissionDenied():
            return Refusal(403, "permission_denied", "your account or key lacks the permission for this")
        case RequestDataTooBig():
            return Refusal(413, "body_too_large", "the body is too large")
        case OperationalError() | InterfaceError():
            log.warning("database_unavailable", kind=type(error).__name__)
            return Refusal(
                503, "database_unavailable", "the database does not answer; try again", headers={"Retry-After": "2"}
            )
        case IntegrityError() if isinstance(error.__cause__, ForeignKeyViolation):
            return Refusal(
                503,
                "changed_meanwhile",
                "something this belongs to was just removed; look and try again",
                headers={"Retry-After": "1"},
            )
        case exceptions.MethodNotAllowed():
            return Refusal(405, "method_not_allowed", "this path does not know the method; see the Allow header")
        case exceptions.APIException():
            return Refusal(error.status_code, error.default_code, str(error.detail))
    return None


def handle_exception(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """DRF's hook: every error becomes a problem; a bug is logged with its trace and answered without any."""
    request: HttpRequest = context["request"]._request
    refusal = as_refusal(error)
    if refusal is None:
        log.error("unexpected_error", kind=type(error).__name__, exc_info=error)
        refusal = Refusal(500, "internal_error", "something went wrong here; the trace id helps to find it")
    response = problem_response(request, refusal)
    view = context.get("view")
    if refusal.status == 405 and view is not None:
        response["Allow"] = ", ".join(view.allowed_methods)
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 404 for paths that no route knows."""
    return problem_response(request, Refusal(404, "not_found", "there is nothing here under this path"))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Django's 400 (a suspicious host, a malformed path)."""
    if isinstance(exception, DisallowedHost):
        text = "this host name is not served here: name it in CLARION_ALLOWED_HOSTS or CLARION_PUBLIC_URL"
        return problem_response(request, Refusal(400, "host_not_served", text))
    return problem_response(request, Refusal(400, "bad_request", "the request is malformed"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's 500."""
    return problem_response(request, Refusal(500, "internal_error", "something went wrong here"))
