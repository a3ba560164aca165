"""What SES' answers mean: the tables of codes. Nothing is sent here.

SendEmail and SendBulkEmail: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
and API_BulkEmailEntryResult.html; errors of all actions: CommonErrors.html there; texts of MessageRejected and of the
throttles: https://docs.aws.amazon.com/ses/latest/dg/api-error-codes.html and manage-sending-quotas-errors.html; shapes
from botocore 1.44.5 (read 2026-11).
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.vendor_api import by_status

DAILY_PAUSE = timedelta(minutes=15)  # the quota is a rolling 24 hours: room comes back little by little
_TAKEN_UNREADABLE = Unclear(why=Reason.UNRECOGNISED, detail="SES answered 200 with a body that cannot be read")

# Nothing works until a person changes something: key, rights, sender, configuration set, the account's standing.
ACCOUNT = frozenset(
    {
        "AccountSuspendedException",
        "SendingPausedException",
        "MailFromDomainNotVerifiedException",
        "NotFoundException",
        "AccessDeniedException",
        "AccessDenied",
        "NotAuthorized",
        "OptInRequired",
        "ExpiredTokenException",
        "ExpiredToken",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
        "UnknownOperationException",
    }
)
RETRY: Mapping[str, tuple[Reason, bool]] = {  # code → (reason, whole account)
    "TooManyRequestsException": (Reason.THROTTLED, True),
    "LimitExceededException": (Reason.THROTTLED, True),
    "ThrottlingException": (Reason.THROTTLED, True),
    "Throttling": (Reason.THROTTLED, True),
    "InternalFailure": (Reason.TEMPORARY, True),
    "InternalServiceErrorException": (Reason.TEMPORARY, True),
    "ServiceUnavailable": (Reason.TEMPORARY, True),
    "ServiceUnavailableException": (Reason.TEMPORARY, True),
    "RequestTimeoutException": (Reason.TEMPORARY, False),
    "RequestAbortedException": (Reason.TEMPORARY, False),
    "ConcurrentModificationException": (Reason.TEMPORARY, False),
}
REJECTED: Mapping[str, Reason] = {  # the one message of the call is at fault
    "MessageRejected": Reason.CONTENT_REFUSED,
    "BadRequestException": Reason.CONTENT_REFUSED,
    "ValidationError": Reason.CONTENT_REFUSED,
    "ValidationException": Reason.CONTENT_REFUSED,
    "MalformedHttpRequestException": Reason.CONTENT_REFUSED,
    "RequestEntityTooLargeException": Reason.TOO_LARGE,
}
# Parts of the text of BadRequestException and of an entry's INVALID_PARAMETER that speak of the address.
ADDRESS_TEXTS = ("missing final '@domain'", "illegal address", "local address", "domain contains", "domain starts")
SIZE_TEXTS = ("message length", "size", "too large")

# Entries of a bulk call. SUCCESS is Sent.
ENTRY_ACCOUNT = frozenset(
    {
        "MAIL_FROM_DOMAIN_NOT_VERIFIED",
        "CONFIGURATION_SET_NOT_FOUND",
        "CONFIGURATION_SET_DOES_NOT_EXIST",
        "TEMPLATE_NOT_FOUND",
        "TEMPLATE_DOES_NOT_EXIST",
        "ACCOUNT_SUSPENDED",
        "INVALID_SENDING_POOL_NAME",
        "ACCOUNT_SENDING_PAUSED",
        "CONFIGURATION_SET_SENDING_PAUSED",
    }
)
ENTRIES: Mapping[str, Outcome] = {
    "ACCOUNT_THROTTLED": Retry(why=Reason.THROTTLED, whole_account=True, detail="ACCOUNT_THROTTLED"),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": Retry(
        why=Reason.THROTTLED, after=DAILY_PAUSE, whole_account=True, detail="ACCOUNT_DAILY_QUOTA_EXCEEDED"
    ),
    "TRANSIENT_FAILURE": Retry(why=Reason.TEMPORARY, detail="TRANSIENT_FAILURE"),
    "FAILED": Retry(why=Reason.TEMPORARY, detail="FAILED"),
}
ENTRY_REJECTED: Mapping[str, str] = {  # entry status → the error a single call would have brought
    "MESSAGE_REJECTED": "MessageRejected",
    "INVALID_PARAMETER": "BadRequestException",
    "INVALID_PARAMETER_VALUE": "BadRequestException",
}


class _Error(msgspec.Struct):
    """SES writes `message`, the gateway before it `Message`."""

    message: str = ""
    Message: str = ""
    type_: str = msgspec.field(name="__type", default="")
    code: str = ""


class _Single(msgspec.Struct):
    MessageId: str


class _Entry(msgspec.Struct):
    Status: str
    Error: str | None = None
    MessageId: str | None = None


class _Bulk(msgspec.Struct):
    BulkEmailEntryResults: list[_Entry]


class _Account(msgspec.Struct):
    SendingEnabled: bool
    EnforcementStatus: str = "HEALTHY"


def judge(response: Response, *, sender: str) -> Outcome:
    """The outcome of a call with one message. Raises Misconfigured when the account is refused. `sender` is our
    address, which tells a sender that is not verified from a recipient that is not."""
    if response.status == 200:
        try:
            return Sent(remote_id=msgspec.json.decode(response.body, type=_Single).MessageId)
        except msgspec.DecodeError:
            return _TAKEN_UNREADABLE
    return refusal(response, sender=sender)


def judge_bulk(response: Response, *, count: int, sender: str) -> list[Outcome | Misconfigured] | None:
    """One outcome an entry, in order; some may have been taken while others blame the account. None: the call as a
    whole was refused, for the sake of one entry nobody names. Raises Misconfigured when nothing was taken."""
    if response.status == 200:
        try:
            entries = msgspec.json.decode(response.body, type=_Bulk).BulkEmailEntryResults
        except msgspec.DecodeError:
            return [_TAKEN_UNREADABLE] * count
        known = [_entry_outcome(entry, sender) for entry in entries[:count]]
        return known + [_TAKEN_UNREADABLE] * (count - len(known))
    outcome = refusal(response, sender=sender)
    return None if isinstance(outcome, Rejected) else [outcome] * count


def refusal(response: Response, *, sender: str) -> Outcome:
    """What an answer other than 200 means. Raises Misconfigured."""
    code, text = _error(response)
    if code in ACCOUNT:
        raise Misconfigured(f"SES refuses this account ({code}): check key, rights, sender and configuration set")
    if code in RETRY:
        reason, whole_account = RETRY[code]
        after = DAILY_PAUSE if "daily" in text else None
        return Retry(why=reason, after=after, whole_account=whole_account, detail=code)
    if code in REJECTED:
        return _rejected(code, text, sender)
    return by_status(response, detail=f"HTTP {response.status} {code}".strip())


def check_account(response: Response) -> None:
    """What GetAccount says. Raises Misconfigured when the account may not send, Unreachable when it cannot be asked."""
    if response.status != 200:
        outcome = refusal(response, sender="")
        raise Unreachable(f"SES does not answer for the account now: {outcome.detail}")
    try:
        account = msgspec.json.decode(response.body, type=_Account)
    except msgspec.DecodeError:
        raise Misconfigured("what answers there is not SES: check endpoint=") from None
    if not account.SendingEnabled or account.EnforcementStatus == "SHUTDOWN":
        raise Misconfigured("SES has switched off sending for this account: see its reputation in the AWS console")


def _rejected(code: str, text: str, sender: str) -> Rejected:
    """The text, in lower case, tells more than the code; it repeats addresses, so it is read and not kept."""
    if "not verified" in text:
        named = text.partition("region")[2]
        if not named or sender.lower() in named or f" {sender.lower().rpartition('@')[2]}" in f" {named}":
            raise Misconfigured("SES has not verified the sender: verify its domain or address in this region")
        return Rejected(why=Reason.POLICY_REFUSED, detail="the account is in the SES sandbox: recipient not verified")
    if code != "MessageRejected" and any(part in text for part in ADDRESS_TEXTS):
        return Rejected(why=Reason.INVALID_ADDRESS, detail=code)
    if any(part in text for part in SIZE_TEXTS):
        return Rejected(why=Reason.TOO_LARGE, detail=code)
    return Rejected(why=REJECTED[code], detail=code)


def _entry_outcome(entry: _Entry, sender: str) -> Outcome | Misconfigured:
    status = entry.Status
    if status == "SUCCESS":
        return Sent(remote_id=entry.MessageId or "")
    if status in ENTRY_ACCOUNT:
        return Misconfigured(f"SES refuses this account ({status}): check sender, configuration set and standing")
    if status in ENTRY_REJECTED:
        try:
            return _rejected(ENTRY_REJECTED[status], (entry.Error or "").lower(), sender)
        except Misconfigured as fault:
            return fault
    return ENTRIES.get(status) or Retry(why=Reason.UNRECOGNISED, detail="an entry status that is not known")


def _error(response: Response) -> tuple[str, str]:
    """The code, and the text in lower case."""
    try:
        error = msgspec.json.decode(response.body, type=_Error)
    except msgspec.DecodeError:
        error = _Error()
    code = response.headers.get("x-amzn-ErrorType") or error.type_ or error.code
    return code.partition(":")[0].rpartition("#")[2][:80], (error.message or error.Message).lower()
