"""A small client of our own HTTP API, for the commands: standard library only, answers parsed into types."""

import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit

import msgspec

TIMEOUT_SECONDS = 15.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")

T = TypeVar("T")


class FieldError(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a problem's `errors`."""

    pointer: str = ""
    code: str = ""
    message: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An RFC 9457 answer, as far as it is shown."""

    title: str = ""
    code: str = ""
    detail: str = ""
    trace_id: str = ""
    errors: list[FieldError] = []


class ApiError(Exception):
    """The API refused, or did not answer; the text is for a person. `status` is 0 without an answer."""

    def __init__(self, text: str, *, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The API never redirects; following one would hand the key to somebody else."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """`authorization` is the header's value: `ApiKey …` or `Bearer …`."""

    base_url: str
    authorization: str = field(repr=False)

    def get(self, path: str, kind: type[T], **query: str) -> T:
        """GET `path` (below /api/v1/) → the answer as `kind`. Raises ApiError."""
        return self._ask("GET", f"api/v1/{path}?{urlencode(query)}" if query else f"api/v1/{path}", None, kind)

    def get_page(self, path: str, kind: type[T]) -> T:
        """GET `path` (below the root) → the JSON there as `kind`. Raises ApiError."""
        return self._ask("GET", path, None, kind)

    def post(self, path: str, body: Mapping[str, object], kind: type[T]) -> T:
        """POST a JSON body → the answer as `kind`. Raises ApiError."""
        return self._ask("POST", f"api/v1/{path}", msgspec.json.encode(body), kind)

    def put(self, path: str, body: Mapping[str, object], kind: type[T]) -> T:
        """PUT a JSON body → the answer as `kind`. Raises ApiError."""
        return self._ask("PUT", f"api/v1/{path}", msgspec.json.encode(body), kind)

    def delete(self, path: str) -> None:
        """DELETE `path`. Raises ApiError."""
        self._ask("DELETE", f"api/v1/{path}", None, type(None))

    def _ask(self, method: str, path: str, body: bytes | None, kind: type[T]) -> T:
        headers = {"Authorization": self.authorization, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        url = f"{self.base_url.rstrip('/')}/{path}"
        request = urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310 -- see parse_base_url
        try:
            with opener(url).open(request, timeout=TIMEOUT_SECONDS) as response:
                # 204 has no body
                return msgspec.json.decode(response.read() or b"null", type=kind)
        except HTTPError as error:
            with error:
                raise ApiError(explain(error.code, error.read()), status=error.code) from None
        except (URLError, OSError, HTTPException) as error:
            raise ApiError(f"{self.base_url} does not answer ({_why(error)}). Is `clarion up` running?") from None
        except msgspec.DecodeError:
            raise ApiError(f"{self.base_url} answered with something else than this API does. Check the URL.") from None


def parse_base_url(text: str) -> str:
    """The URL without a trailing slash; raises ValueError unless it is http(s) with a host."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("the URL of the API must look like https://clarion.example.com")
    return text.strip().rstrip("/")


def explain(status: int, body: bytes) -> str:
    """What a problem answer says, in lines for a person."""
    try:
        problem = msgspec.json.decode(body, type=Problem)
    except msgspec.DecodeError:
        problem = Problem()
    lines = [f"{problem.title or 'Refused'} ({status}): {problem.detail or 'no reason given'}"]
    # one field error says what the detail says already
    shown = problem.errors if len(problem.errors) > 1 else []
    lines += [f"  {error.pointer or '/'}: {error.message}" for error in shown]
    if status >= 500 and problem.trace_id:
        lines.append(f"  trace id {problem.trace_id}: look for it in the server's log")
    return "\n".join(lines)


def opener(url: str) -> urllib.request.OpenerDirector:
    """As the environment says, but a proxy is not asked for this very machine."""
    if urlsplit(url).hostname in LOOPBACK:
        return urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(_NoRedirect)


def _why(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return "its certificate is not trusted"
    if isinstance(reason, TimeoutError):
        return "timeout"
    return (reason.strerror if isinstance(reason, OSError) else None) or type(reason).__name__
