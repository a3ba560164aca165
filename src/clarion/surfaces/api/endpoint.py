"""The shell of every API view: DRF's APIView for dispatch and schema, msgspec for bodies and answers.

An operation declares its permission, its body, query and answer types; the shell decodes, authorises, calls and
encodes. What is declared here is what the OpenAPI document says, so the two cannot drift.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from clarion.records.access.permissions import Caller, CallerKind, Permission
from clarion.surfaces.api.authentication import authenticate
from clarion.surfaces.api.decoding import decode_body, decode_query
from clarion.surfaces.api.once import answered_once
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.spooling import Spooled, Upload, spooled


class Open(StrEnum):
    """Operations without a permission of their own say why. SIGNED_IN is about the caller as a person: their addresses,
    preferences, inbox, keys; a key acts there only with the scope `staff`, lest a small one be as good as its owner."""

    ANYONE = "anyone"
    ANY_CALLER = "any_caller"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a handler declares. `idempotent_key` False: a POST that changes nothing; other methods never take a key, nor
    does what anyone may call, for a key belongs to a caller. `may_be_empty`: no body at all means an empty object."""

    permission: Permission | Open
    answers: Mapping[int | tuple[int, str], Any]
    body: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    problems: tuple[int, ...] = ()
    max_bytes: int = 1_000_000
    tag: str = ""
    idempotent_key: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a handler gets beside its path arguments. `caller` is None only where ANYONE may call."""

    request: HttpRequest
    body: Any
    query: Any
    _caller: Caller | None
    _upload: Spooled | None = None

    @property
    def upload(self) -> Spooled:
        """The body of an operation that declares an upload."""
        if self._upload is None:
            raise LookupError("the operation declares no upload")
        return self._upload

    @property
    def caller(self) -> Caller:
        """The authenticated caller."""
        if self._caller is None:
            raise Refusal(401, "not_authenticated", "send Authorization: Bearer <JWT> or ApiKey <key>")
        return self._caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a handler gives back: a status, a value of the declared type, headers."""

    status: int = HTTPStatus.OK
    value: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[..., Answer]
H = TypeVar("H", bound=Handler)
_ENCODER = msgspec.json.Encoder(decimal_format="string")


def operation(**declared: Any) -> Callable[[H], Any]:
    """Declare a handler: `@operation(permission=…, body=…, answers={201: Thing})`."""
    asked = Operation(**declared)

    def wrap(handler: H) -> Callable[..., HttpResponse]:
        keyed = asked.idempotent_key and handler.__name__ == "post" and asked.permission is not Open.ANYONE
        declaration = replace(asked, idempotent_key=keyed)

        def door(view: "Endpoint", request: Request, **path: Any) -> HttpResponse:
            django_request = request._request
            if any("\0" in value for value in path.values() if isinstance(value, str)):
                raise Refusal(404, "not_found", "there is nothing here under this path")
            caller = _authorise(django_request, declaration)
            if declaration.upload is None:
                return _handled(declaration, handler, view, django_request, caller, None, path)
            with spooled(django_request, declaration.upload) as file:
                return _handled(declaration, handler, view, django_request, caller, file, path)

        door.operation = declaration  # type: ignore[attr-defined]
        door.__doc__ = handler.__doc__
        door.__name__ = handler.__name__
        return door

    return wrap


def _handled(
    declaration: Operation,
    handler: Handler,
    view: "Endpoint",
    request: HttpRequest,
    caller: Caller | None,
    file: Spooled | None,
    path: Mapping[str, Any],
) -> HttpResponse:
    call = Call(
        request=request,
        body=decode_body(request, declaration.body, declaration.max_bytes, may_be_empty=declaration.may_be_empty),
        query=decode_query(request, declaration.query),
        _caller=caller,
        _upload=file,
    )

    def work() -> tuple[HttpResponse, dict[str, str]]:
        answer = handler(view, call, **path)
        return encode(answer), dict(answer.headers)

    if caller is None or not declaration.idempotent_key:
        return work()[0]
    body = request.body if declaration.body is not None else b""
    if file is not None:
        body = file.digest + request.META.get("QUERY_STRING", "").encode()
    return answered_once(request, caller, body, work)


def _authorise(request: HttpRequest, declaration: Operation) -> Caller | None:
    if declaration.permission is Open.ANYONE:
        return None
    caller = authenticate(request)
    if isinstance(declaration.permission, Permission) and not caller.may(declaration.permission):
        raise Refusal(403, "permission_denied", f"this needs the permission '{declaration.permission}'")
    by_key = caller.kind is CallerKind.API_KEY and not caller.may(Permission.STAFF)
    if declaration.permission is Open.SIGNED_IN and by_key:
        raise Refusal(403, "permission_denied", "an API key needs the scope 'staff' here; use the user's own token")
    return caller


def encode(answer: Answer) -> HttpResponse:
    """The answer as JSON (none for 204); one that is a response already (a file in pieces), as it is."""
    if isinstance(answer.value, HttpResponseBase):
        return answer.value  # type: ignore[return-value]
    content = b"" if answer.value is None else _ENCODER.encode(answer.value)
    response = HttpResponse(content, status=answer.status, content_type="application/json")
    if not content:
        del response["Content-Type"]
    for name, value in answer.headers.items():
        response[name] = value
    return response


class Endpoint(APIView):
    """Base of all API views. Authentication and permission are the operation's (see `operation`)."""

    authentication_classes = ()
    permission_classes = ()
    # DRF would answer OPTIONS with a page about itself; the OpenAPI document says more
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    tag: ClassVar[str] = ""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """There is one form, JSON; nothing to negotiate."""
        return self.get_renderers()[0], "application/json"
