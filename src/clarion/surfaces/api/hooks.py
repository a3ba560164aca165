"""Where vendors report: the raw request goes to the flow, which proves, keeps and answers. A worker reads it."""

from datetime import timedelta
from math import ceil

from django.conf import settings
from django.http import HttpRequest
from django.http.request import RawPostDataException

from clarion.contract.feedback import Callback
from clarion.flows.feedback.hear import LARGEST_BYTES, Answer, Heard, hear
from clarion.records import clock
from clarion.surfaces.api import endpoint
from clarion.surfaces.api.endpoint import Call, Endpoint, Open, operation
from clarion.surfaces.api.problems import Refusal

_LATER = timedelta(seconds=30)


class HookView(Endpoint):
    """No caller is authenticated: the vendor's signature is the proof, and the token says which account is meant."""

    tag = "callbacks"

    @operation(permission=Open.ANYONE, answers={200: None}, problems=(404, 413, 429))
    def post(self, call: Call, provider: str, token: str) -> endpoint.Answer:
        """Take a vendor's report.

        The address is an account's `callback_url` (GET /providers). 200 means that the report was proved to be the
        vendor's and is stored; it is read within seconds. 404 for an unknown address and for a report that is not
        proved alike; nothing is stored then.
        """
        return _answered(hear(provider, token, _callback(call.request)))

    @operation(permission=Open.ANYONE, answers={200: None}, problems=(404, 413, 429))
    def get(self, call: Call, provider: str, token: str) -> endpoint.Answer:
        """Take a vendor's report that comes as a GET, in its query string."""
        return _answered(hear(provider, token, _callback(call.request)))


def _callback(request: HttpRequest) -> Callback:
    """The request as it came; the public URL is ours to know, not the Host header's."""
    return Callback(
        url=f"{settings.PUBLIC_URL}{request.get_full_path()}",
        headers={name.lower(): value for name, value in request.headers.items()},
        body=_body(request),
        received_at=clock.now(),
        method=request.method or "POST",
    )


def _body(request: HttpRequest) -> bytes:
    claimed = request.META.get("CONTENT_LENGTH") or "0"
    if not (claimed.isascii() and claimed.isdigit()):
        raise Refusal(400, "bad_request", "Content-Length must be a number of bytes")
    if int(claimed[:20]) <= LARGEST_BYTES:
        try:
            raw = request.body
        except (RawPostDataException, OSError) as error:
            raise Refusal(400, "body_unreadable", "the body could not be read") from error
        if len(raw) <= LARGEST_BYTES:
            return raw
    raise Refusal(413, "body_too_large", f"a callback may have {LARGEST_BYTES} bytes at most")


def _answered(heard: Heard) -> endpoint.Answer:
    match heard.answer:
        case Answer.TAKEN:
            return endpoint.Answer()
        case Answer.UNKNOWN | Answer.FORGED:
            raise Refusal(404, "not_found", "there is nothing here under this path")
        case Answer.TOO_MANY:
            headers = {"Retry-After": str(max(ceil(heard.after.total_seconds()), 1))}
            raise Refusal(429, "too_many_callbacks", "come again later", headers=headers)
        case Answer.LATER:
            headers = {"Retry-After": str(int(_LATER.total_seconds()))}
            raise Refusal(503, "not_verifiable_now", "come again later", headers=headers)
