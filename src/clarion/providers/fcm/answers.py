"""What FCM's answers mean: the table of its codes.

https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode and
https://firebase.google.com/docs/cloud-messaging/error-codes (read 2026-11-20). A code stands in `error.details`, in the
entry of type `google.firebase.fcm.v1.FcmError`; `error.status` is the coarser word of all Google APIs.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.egress.retry_after import parse_retry_after
from clarion.providers.vendor_api import by_status

ONE_MINUTE = timedelta(minutes=1)  # what Google asks for where a quota's answer names no time

CODES: Mapping[str, Outcome] = {
    "UNSPECIFIED_ERROR": Retry(why=Reason.UNRECOGNISED),
    "INVALID_ARGUMENT": Rejected(why=Reason.CONTENT_REFUSED),  # but see `_invalid`
    "UNREGISTERED": Rejected(why=Reason.DEVICE_GONE, suppress=True),
    # another project's token, or ours with the wrong key file: no reason to forget the device
    "SENDER_ID_MISMATCH": Rejected(why=Reason.ADDRESS_UNREACHABLE),
    "QUOTA_EXCEEDED": Retry(why=Reason.THROTTLED, after=ONE_MINUTE, whole_account=True),
    "UNAVAILABLE": Retry(why=Reason.TEMPORARY, whole_account=True),
    "INTERNAL": Retry(why=Reason.TEMPORARY),
    # the project's APNs key or web push key is missing: Android goes on, so the account is not switched off
    "THIRD_PARTY_AUTH_ERROR": Retry(why=Reason.MISCONFIGURED),
}
STATUSES: Mapping[str, str] = {  # answers without a code of FCM's own
    "INVALID_ARGUMENT": "INVALID_ARGUMENT",
    "RESOURCE_EXHAUSTED": "QUOTA_EXCEEDED",
    "UNAVAILABLE": "UNAVAILABLE",
    "INTERNAL": "INTERNAL",
}
TARGET_FIELDS = ("message.token", "message.fid")
TARGET_TEXT = re.compile(r"registration token|installation id", re.IGNORECASE)
SIZE_TEXT = re.compile(r"too (big|large)|exceeds? .*(size|limit|bytes)", re.IGNORECASE)
FIELD = re.compile(r"[a-zA-Z0-9_.\[\]]{1,60}")


class _Violation(msgspec.Struct):
    field: str = ""
    description: str = ""


class _Detail(msgspec.Struct, rename={"code": "errorCode", "violations": "fieldViolations"}):
    code: str = ""
    violations: list[_Violation] = []


class _Error(msgspec.Struct):
    status: str = ""
    message: str = ""
    details: list[_Detail] = []


class _Answer(msgspec.Struct):
    name: str = ""
    error: _Error | None = None


def judge(response: Response) -> Outcome:
    """The outcome of an answer. Raises Misconfigured where the account itself is refused."""
    error = _error(response)
    if error is None:
        return _taken(response) if response.status == 200 else by_status(response)
    code = next((detail.code for detail in error.details if detail.code), "") or STATUSES.get(error.status, "")
    outcome = CODES.get(code)
    detail = f"HTTP {response.status} {code or 'without a code'}"
    if outcome is None:
        return by_status(response, detail=f"HTTP {response.status} {_word(error.status)}")
    if code == "INVALID_ARGUMENT":
        return _invalid(error, detail)
    if isinstance(outcome, Retry):
        asked = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
        # a device that gets too much says nothing of the others
        whole = outcome.whole_account and not (code == "QUOTA_EXCEEDED" and "device" in error.message.lower())
        return replace(outcome, after=asked or outcome.after, whole_account=whole, detail=detail)
    return replace(outcome, detail=detail)


def _taken(response: Response) -> Outcome:
    """A 200 that cannot be read may well have been a success."""
    try:
        name = msgspec.json.decode(response.body, type=_Answer).name
    except (msgspec.MsgspecError, UnicodeDecodeError):
        name = ""
    if not name:
        return Unclear(why=Reason.UNRECOGNISED, detail="HTTP 200 without a message name")
    return Sent(remote_id=name.rpartition("/")[2])


def _error(response: Response) -> _Error | None:
    if response.status == 200:
        return None
    try:
        return msgspec.json.decode(response.body, type=_Answer).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _invalid(error: _Error, detail: str) -> Rejected:
    """INVALID_ARGUMENT says nothing of the device unless its details do; its words are looked at, and not repeated."""
    violations = [each for entry in error.details for each in entry.violations]
    fields = [each.field for each in violations]
    texts = [error.message, *(each.description for each in violations)]
    named = any(field.startswith(TARGET_FIELDS) for field in fields)
    if named or (not fields and TARGET_TEXT.search(error.message)):
        return Rejected(why=Reason.INVALID_ADDRESS, suppress=True, detail=detail)
    if any(SIZE_TEXT.search(text) for text in texts):
        return Rejected(why=Reason.TOO_LARGE, detail=detail)
    shown = next((field for field in fields if FIELD.fullmatch(field)), "")
    return Rejected(why=Reason.CONTENT_REFUSED, detail=f"{detail} {shown}".strip())


def _word(status: str) -> str:
    return status[:40] if status.isascii() and status.replace("_", "").isalpha() else "without a code"


def require_ready(response: Response) -> None:
    """Of the answer to a probe: raise Misconfigured for what a person must change; anything else is for later."""
    outcome = judge(response)
    if isinstance(outcome, Rejected):
        raise Misconfigured(f"fcm: Google refused the test call ({outcome.detail})")
