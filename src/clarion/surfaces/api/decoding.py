"""Bytes and query strings → typed values, with a pointer to what is wrong."""

import re
from datetime import datetime
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from django.http import HttpRequest
from django.http.request import RawPostDataException

from clarion.surfaces.api.problems import FieldProblem, Refusal

T = TypeVar("T", bound=msgspec.Struct)
_AT = re.compile(r"^(?P<what>.*?)(?: - at (?:`[a-z]+` in )?`(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_FIELD = re.compile(r"field `([^`]+)`")


def decode_body(request: HttpRequest, kind: type[T] | None, max_bytes: int, *, may_be_empty: bool = False) -> T | None:
    """The JSON body as `kind`; raises Refusal 400, 413, 415 or 422."""
    if kind is None:
        return None
    if may_be_empty and not request.META.get("CONTENT_LENGTH", "").strip("0"):
        return kind()
    if _announced(request) > max_bytes:
        raise Refusal(413, "body_too_large", f"the body may have {max_bytes} bytes at most")
    content_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if content_type not in ("application/json", ""):
        raise Refusal(415, "unsupported_media_type", "send the body as application/json")
    try:
        raw = request.body
    except (RawPostDataException, OSError) as error:
        raise Refusal(400, "body_unreadable", "the body could not be read") from error
    if len(raw) > max_bytes:
        raise Refusal(413, "body_too_large", f"the body may have {max_bytes} bytes at most")
    return _decode(raw, kind)


def _announced(request: HttpRequest) -> int:
    """The length the client claims; the bytes themselves are counted, too."""
    claimed = request.META.get("CONTENT_LENGTH") or "0"
    if not (claimed.isascii() and claimed.isdigit()):
        raise Refusal(400, "bad_request", "Content-Length must be a number of bytes")
    return int(claimed[:20])


def _decode(raw: bytes, kind: type[T]) -> T:
    try:
        value = msgspec.json.decode(raw, type=kind)
        nul = b"\\u0000" in raw and _has_nul(msgspec.json.decode(raw))
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(400, "malformed_json", "the body is not well-formed JSON") from error
    if nul:
        raise Refusal(422, "nul_character", "text may not contain the NUL character")
    return value


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(k) or _has_nul(v) for k, v in value.items())
    if isinstance(value, list):
        return any(_has_nul(v) for v in value)
    return False


def decode_query(request: HttpRequest, kind: type[T] | None) -> T | None:
    """The query string as `kind`; unknown names are refused, so that a typing error is not silently ignored."""
    if kind is None:
        return None
    values: dict[str, Any] = {}
    hints = get_type_hints(kind)
    for name, given in request.GET.lists():
        if name not in hints:
            raise Refusal(
                422,
                "unknown_parameter",
                f"unknown query parameter; known: {', '.join(sorted(hints))}",
                errors=[
                    FieldProblem(pointer=f"/query/{escaped(name[:64])}", code="unknown_parameter", message="unknown")
                ],
            )
        if any("\0" in text for text in given):
            raise Refusal(422, "nul_character", "text may not contain the NUL character")
        if _is_instant(hints[name]) and ":" not in given[-1]:  # msgspec would read a number as seconds since 1970
            raise invalid(f"Invalid RFC3339 encoded datetime - at `$.{name}`", prefix="/query")
        values[name] = given[-1]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(str(error), prefix="/query") from error


def _is_instant(hint: Any) -> bool:
    return hint is datetime or datetime in get_args(hint)


def escaped(name: str) -> str:
    """A name as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def invalid(text: str, *, prefix: str = "") -> Refusal:
    """msgspec's error text → a 422 with a JSON pointer and a stable code."""
    match = _AT.match(text)
    what, path = (match["what"], match["path"] or "") if match else (text, "")
    pointer = prefix + "".join(f"/{name or index}" for name, index in _STEP.findall(path))
    named = _FIELD.search(what)
    if named:
        pointer += f"/{escaped(named[1])}"
    field = FieldProblem(pointer=pointer, code=_code(what), message=what)
    return Refusal(422, "invalid_input", f"{what} (at {pointer or 'the body'})", errors=[field])


def _code(what: str) -> str:
    if "missing required field" in what:
        return "required"
    if "unknown field" in what:
        return "unknown_field"
    if what.startswith("Expected `"):
        return "wrong_type" if "got `" in what else "out_of_bounds"
    return "invalid_value"
