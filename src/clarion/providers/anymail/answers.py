"""What a service's answer means, as far as Anymail passes it on. Nothing is sent here.

Anymail's statuses: https://anymail.dev/en/stable/sending/anymail_additions/#esp-send-status (read 2026-11). It does not
normalise errors, so the codes below are the services' own; what is not among them goes by its HTTP status, and a 4xx
that nobody knows is tried again, never held against the recipient:
https://postmarkapp.com/developer/api/overview#error-codes, https://resend.com/docs/api-reference/errors,
https://developers.brevo.com/docs/how-it-works#response-codes (all read 2026-11).
"""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from clarion.contract.faults import Misconfigured, Unreachable
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.vendor_api import by_status

CREDITS_PAUSE = timedelta(hours=1)
_ACCOUNT = Misconfigured("the service refuses what is set for this account: check sender, key and rights")
_THROTTLED = Retry(why=Reason.THROTTLED, after=CREDITS_PAUSE, whole_account=True, detail="quota or credits used up")

# Anymail's status of a recipient → outcome; `sent`, `queued` and `unknown` (taken, and no more is known) are Sent.
STATUSES: Mapping[str, Outcome] = {
    "invalid": Rejected(why=Reason.INVALID_ADDRESS, detail="invalid"),
    "rejected": Rejected(why=Reason.POLICY_REFUSED, detail="rejected"),  # on the service's own suppression list
    "failed": Retry(why=Reason.TEMPORARY, detail="failed"),
}
TAKEN = frozenset({"sent", "queued", "unknown"})

# (service, its code) → outcome, or the account's fault.
CODES: Mapping[tuple[str, str], Outcome | Misconfigured] = {
    ("postmark", "10"): _ACCOUNT,  # bad or missing server token
    ("postmark", "300"): Rejected(why=Reason.CONTENT_REFUSED, detail="300"),
    ("postmark", "400"): _ACCOUNT,  # sender signature not found
    ("postmark", "401"): _ACCOUNT,  # sender signature not confirmed
    ("postmark", "402"): Rejected(why=Reason.CONTENT_REFUSED, detail="402"),
    ("postmark", "403"): Rejected(why=Reason.CONTENT_REFUSED, detail="403"),
    ("postmark", "405"): _THROTTLED,  # not allowed to send: credits
    ("postmark", "406"): Rejected(why=Reason.POLICY_REFUSED, detail="406"),  # inactive recipient
    ("postmark", "411"): _ACCOUNT,
    ("postmark", "412"): _ACCOUNT,  # account pending approval
    ("postmark", "413"): _ACCOUNT,  # account may not send
    ("postmark", "429"): Retry(why=Reason.THROTTLED, whole_account=True, detail="429"),
    ("postmark", "1235"): _ACCOUNT,  # stream does not exist
    ("resend", "missing_api_key"): _ACCOUNT,
    ("resend", "invalid_api_key"): _ACCOUNT,
    ("resend", "restricted_api_key"): _ACCOUNT,
    ("resend", "invalid_from_address"): _ACCOUNT,
    ("resend", "invalid_access"): _ACCOUNT,
    ("resend", "invalid_region"): _ACCOUNT,
    ("resend", "not_found"): _ACCOUNT,
    ("resend", "method_not_allowed"): _ACCOUNT,
    ("resend", "invalid_attachment"): Rejected(why=Reason.CONTENT_REFUSED, detail="invalid_attachment"),
    ("resend", "invalid_parameter"): Rejected(why=Reason.CONTENT_REFUSED, detail="invalid_parameter"),
    ("resend", "missing_required_field"): Rejected(why=Reason.CONTENT_REFUSED, detail="missing_required_field"),
    ("resend", "monthly_quota_exceeded"): _THROTTLED,
    ("resend", "daily_quota_exceeded"): _THROTTLED,
    ("brevo", "unauthorized"): _ACCOUNT,
    ("brevo", "permission_denied"): _ACCOUNT,
    ("brevo", "account_under_validation"): _ACCOUNT,
    ("brevo", "not_enough_credits"): _THROTTLED,
}


class _Error(msgspec.Struct):
    """The names under which services write their code."""

    ErrorCode: int | None = None
    name: str | None = None
    code: str | int | None = None

    def codes(self) -> list[str]:
        return [str(value) for value in (self.ErrorCode, self.name, self.code) if value is not None]


def by_recipient(status: str | None, remote_id: str | None) -> Outcome:
    """The outcome of a call that was answered."""
    if status in TAKEN or status is None:
        return Sent(remote_id=remote_id or "", detail=status or "")
    return STATUSES.get(status) or Retry(why=Reason.UNRECOGNISED, detail="a status that is not known")


def by_refusal(vendor: str, response: Response) -> Outcome:
    """The outcome of an answer other than 2xx. Raises Misconfigured."""
    for code in _codes(response.body):
        known = CODES.get((vendor, code))
        if isinstance(known, Misconfigured):
            raise Misconfigured(f"{vendor}: {known} (code {code})")
        if known is not None:
            return known
    if response.status == 402:
        return _THROTTLED
    if response.status == 413:
        return Rejected(why=Reason.TOO_LARGE, detail="HTTP 413")
    return by_status(response)


def check_account(vendor: str, response: Response) -> None:
    """What the probe's answer says: 2xx is well, and so is 403 (a key that may only send). Raises ProviderFault."""
    if 200 <= response.status < 300 or response.status == 403:
        return
    if response.status == 401 and "restricted_api_key" in _codes(response.body):  # Resend's keys that may only send
        return
    if response.status in (429, 408, 425) or response.status >= 500:
        raise Unreachable(f"{vendor} does not answer for the account now: HTTP {response.status}")
    raise Misconfigured(f"{vendor} refuses the key, or endpoint= is not its API (HTTP {response.status})")


def _codes(body: bytes) -> list[str]:
    try:
        return msgspec.json.decode(body, type=_Error).codes()
    except msgspec.DecodeError:
        return []
