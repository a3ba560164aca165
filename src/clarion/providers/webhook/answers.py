"""What an endpoint's answer means: the table of statuses.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (read 2026-11): 2xx taken,
410 disables, 429, 502 and 504 ask for less, retry-after is honoured, redirects are not followed.
"""

from collections.abc import Mapping
from datetime import datetime

from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.errors import Blocked, Broken, ConnectFailed, EgressError, TimedOut
from clarion.egress.http import Response
from clarion.egress.retry_after import parse_retry_after

REJECTED: Mapping[int, tuple[Reason, bool]] = {  # status → (reason, suppress)
    401: (Reason.POLICY_REFUSED, False),
    403: (Reason.POLICY_REFUSED, False),
    404: (Reason.ADDRESS_UNREACHABLE, False),
    410: (Reason.ENDPOINT_GONE, True),
    413: (Reason.TOO_LARGE, False),
}
RETRY: Mapping[int, Reason] = {408: Reason.TIMEOUT, 425: Reason.TEMPORARY, 429: Reason.THROTTLED}


def judge(response: Response, *, now: datetime) -> Outcome:
    """The outcome of an answer. Every endpoint is somebody else's, so none speaks for the whole account."""
    status, detail = response.status, f"HTTP {response.status}"
    if 200 <= status < 300:
        return Sent(detail=detail)
    after = parse_retry_after(response.headers.get("Retry-After"), now=now)
    if status in RETRY:
        return Retry(why=RETRY[status], after=after, detail=detail)
    if 500 <= status < 600:
        return Retry(why=Reason.TEMPORARY, after=after, detail=detail)
    if 300 <= status < 400:
        return Rejected(why=Reason.REDIRECT_REFUSED, detail=detail)
    if 400 <= status < 500:
        reason, suppress = REJECTED.get(status, (Reason.CONTENT_REFUSED, False))
        return Rejected(why=reason, suppress=suppress, detail=detail)
    return Unclear(why=Reason.UNRECOGNISED, detail=detail)


def judge_failure(error: EgressError) -> Outcome:
    """The outcome of a call without an answer: what may have reached the endpoint is unclear, never lost."""
    match error:
        case Blocked():
            return Rejected(why=Reason.FORBIDDEN_TARGET, detail=str(error))
        case ConnectFailed():
            return Retry(why=Reason.ADDRESS_UNREACHABLE, detail=str(error))
        case TimedOut(sent=sent):
            return (Unclear if sent else Retry)(why=Reason.TIMEOUT, detail=str(error))
        case Broken(sent=sent):
            return (Unclear if sent else Retry)(why=Reason.CONNECTION_LOST, detail=str(error))
    return Unclear(why=Reason.PROVIDER_ERROR, detail=type(error).__name__)
