"""What SendGrid's answers mean. Nothing is sent here.

The field that each error of a 400 names: https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors; statuses:
https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/responses (read 2026-11). A refusal is
of the whole call; where it names `personalizations.N`, only that one is to blame.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.egress.retry_after import LONGEST, parse_retry_after
from clarion.providers.vendor_api import by_status

CREDITS_PAUSE = timedelta(hours=1)
WRONG_PLACE = frozenset({404, 405, 415})  # not the v3 API, or not as we speak it
RETRY: Mapping[int, bool] = {408: False, 500: True, 502: True, 503: True, 504: True}  # status → whole account

# What `field` begins with, without indices → what is wrong. Longest first where one contains another.
OWN: Mapping[str, Reason] = {  # after personalizations.N.
    "to": Reason.INVALID_ADDRESS,
    "cc": Reason.CONTENT_REFUSED,
    "bcc": Reason.CONTENT_REFUSED,
    "subject": Reason.CONTENT_REFUSED,
    "headers": Reason.CONTENT_REFUSED,
    "substitutions": Reason.TOO_LARGE,
    "dynamic_template_data": Reason.TOO_LARGE,
    "custom_args": Reason.CONTENT_REFUSED,
    "send_at": Reason.CONTENT_REFUSED,
}
SHARED: Mapping[str, Reason] = {  # of the call: whose fault it is shows when each goes alone
    "personalizations": Reason.CONTENT_REFUSED,
    "reply_to": Reason.CONTENT_REFUSED,
    "reply_to_list": Reason.CONTENT_REFUSED,
    "subject": Reason.CONTENT_REFUSED,
    "content": Reason.CONTENT_REFUSED,
    "attachments": Reason.CONTENT_REFUSED,
    "categories": Reason.CONTENT_REFUSED,
    "headers": Reason.CONTENT_REFUSED,
    "custom_args": Reason.CONTENT_REFUSED,
    "sections": Reason.CONTENT_REFUSED,
    "send_at": Reason.CONTENT_REFUSED,
}
ACCOUNT = frozenset({"from", "template_id", "asm", "ip_pool_name", "mail_settings", "tracking_settings", "batch_id"})
_OWN = re.compile(r"personalizations[.\[](\d+)\]?(?:\.([a-z_]+))?")


class _Error(msgspec.Struct):
    message: str | None = None
    field: str | None = None


class _Errors(msgspec.Struct):
    errors: list[_Error]


class _Scopes(msgspec.Struct):
    scopes: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a call came to: outcomes of the messages that were named, by position, and that of all others. None: the
    others have not been sent, and are to be tried again (without the named ones, or each alone)."""

    named: Mapping[int, Outcome] = field(default_factory=dict)
    others: Outcome | None


def judge(response: Response, *, count: int) -> Verdict:
    """The verdict on a call with `count` messages. Raises Misconfigured when the account is refused."""
    status, detail = response.status, f"HTTP {response.status}"
    if status in (200, 202):
        return Verdict(others=Sent(remote_id=response.headers.get("X-Message-Id", ""), detail=detail))
    if status == 413:
        return Verdict(others=Rejected(why=Reason.TOO_LARGE, detail=detail) if count == 1 else None)
    if status == 400:
        return _refused(_errors(response), count)
    return Verdict(others=_by_status(response, detail))


def _by_status(response: Response, detail: str) -> Outcome:
    status = response.status
    if status in WRONG_PLACE:
        raise Misconfigured(f"what answers there is not SendGrid's mail/send ({detail}): check endpoint= and region=")
    if status == 401 and "credits exceeded" in _text(response):
        return Retry(why=Reason.THROTTLED, after=CREDITS_PAUSE, whole_account=True, detail="credits exceeded")
    if status == 403 and "sender identity" in _text(response):
        raise Misconfigured("SendGrid has not verified the sender: verify the address in from=, or its domain")
    if status == 429:
        return Retry(why=Reason.THROTTLED, after=_until_reset(response), whole_account=True, detail=detail)
    if status in RETRY:
        return Retry(why=Reason.TEMPORARY, whole_account=RETRY[status], after=_wait(response), detail=detail)
    return by_status(response)


def _refused(errors: list[_Error], count: int) -> Verdict:
    """A 400. Errors of the account first; then those that name a message; then those of the call."""
    named: dict[int, Outcome] = {}
    shared: Outcome | None = None
    for error in errors:
        path = error.field or ""
        own = _OWN.match(path)
        if own and int(own[1]) < count:
            named[int(own[1])] = Rejected(why=OWN.get(own[2] or "", Reason.CONTENT_REFUSED), detail=_shown(path))
            continue
        top = re.split(r"[.\[]", path)[0]
        if top in ACCOUNT or "sender identity" in (error.message or "").lower():
            raise Misconfigured(f"SendGrid refuses what is set for this account: {_shown(path) or 'sender'}")
        if top in SHARED:
            shared = Rejected(why=SHARED[top], detail=_shown(path))
        else:
            shared = shared or Retry(why=Reason.UNRECOGNISED, detail="HTTP 400, and no known field is named")
    if count == 1:
        return Verdict(others=named.get(0) or shared or _unnamed())
    return Verdict(named=named, others=None)


def _unnamed() -> Outcome:
    return Retry(why=Reason.UNRECOGNISED, detail="HTTP 400 without errors")


def _shown(path: str) -> str:
    """The field without anything a sender could have put into it."""
    return re.sub(r"[^a-z0-9_.\[\]]", "", path)[:60]


def check_account(response: Response) -> None:
    """What /v3/scopes says. Raises Misconfigured when the key may not send, Unreachable when it cannot be asked."""
    if response.status != 200:
        outcome = _by_status(response, f"HTTP {response.status}")
        raise Unreachable(f"SendGrid does not answer for the account now: {outcome.detail}")
    try:
        scopes = msgspec.json.decode(response.body, type=_Scopes).scopes
    except msgspec.DecodeError:
        raise Misconfigured("what answers there is not SendGrid: check endpoint=") from None
    if "mail.send" not in scopes:
        raise Misconfigured("the API key may not send: give it the scope Mail Send")


def _errors(response: Response) -> list[_Error]:
    try:
        return msgspec.json.decode(response.body, type=_Errors).errors
    except msgspec.DecodeError:
        return []


def _text(response: Response) -> str:
    """The messages in lower case; they are read and not kept."""
    return " ".join(error.message or "" for error in _errors(response)).lower()


def _wait(response: Response) -> timedelta | None:
    return parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))


def _until_reset(response: Response) -> timedelta | None:
    """Retry-After, else X-RateLimit-Reset: the second at which there is room again."""
    reset = response.headers.get("X-RateLimit-Reset", "")
    if "Retry-After" in response.headers or not (reset.isascii() and reset.isdigit() and len(reset) <= 12):
        return _wait(response)
    left = timedelta(seconds=int(reset) - datetime.now(UTC).timestamp())
    return min(left, LONGEST) if left > timedelta(0) else None
