"""What Beem's codes mean: https://docs.beem.africa/index.html#api-SMS (read 2026-11-20 in the copies that others'
clients make of it; the page itself could not be reached).

100 is "submitted". Codes that come from one recipient are never the account's fault, for one number would then switch
it off for all; a call with several recipients that is refused for one of them is taken apart (`SPLITS`).
"""

from collections.abc import Mapping

from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.providers.vendor_api import by_status

SUBMITTED = 100
REJECTED: Mapping[int, Reason] = {
    101: Reason.INVALID_ADDRESS,  # invalid phone number
    104: Reason.CONTENT_REFUSED,  # required parameters missing
    106: Reason.POLICY_REFUSED,  # no route for this destination mapped to the account
}
SPLITS = frozenset({101, 106})
RETRY: Mapping[int, tuple[Reason, bool]] = {
    103: (Reason.TEMPORARY, True),  # network timeout within Beem
}
ACCOUNT: Mapping[int, str] = {
    102: "the balance is used up: top it up",
    105: "there is no such account: check the key",
    107: "no credentials were seen: check the key",
    108: "key or secret are wrong",
    111: "the sender name is not registered at Beem: check sender=",  # not in the list, met in practice
}


def judge(code: int, response: Response) -> Outcome:
    """The outcome of a call that was not submitted, the same for all its recipients (code 0: none was given). Raises
    Misconfigured."""
    detail = f"Beem {code}" if code else f"HTTP {response.status}"
    if code in ACCOUNT:
        raise Misconfigured(f"beem: {ACCOUNT[code]} ({detail})")
    if code in REJECTED:
        return Rejected(why=REJECTED[code], detail=detail)
    if code in RETRY:
        reason, whole = RETRY[code]
        return Retry(why=reason, whole_account=whole, detail=detail)
    if 200 <= response.status < 300:
        # an answer with a code, but none that says it was submitted
        return Retry(why=Reason.UNRECOGNISED, detail=detail)
    return by_status(response, detail=detail)
