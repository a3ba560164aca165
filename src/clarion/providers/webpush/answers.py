"""What a push service's answer means: the table of statuses.

RFC 8030, 5 and 8.4 (read 2026-11-20); Mozilla https://mozilla-services.github.io/autopush-rs/errors.html, Apple
https://developer.apple.com/documentation/usernotifications/sending-web-push-notifications-in-web-apps-and-browsers,
Google https://web.dev/articles/push-notifications-web-push-protocol, Microsoft
https://learn.microsoft.com/windows/apps/develop/notifications/push-notifications/push-request-response-headers
(all read 2026-11-20). 406 is how Microsoft says 429.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.egress.errors import Blocked, Broken, ConnectFailed, EgressError, TimedOut
from clarion.egress.http import Response
from clarion.egress.retry_after import parse_retry_after

TAKEN = frozenset({200, 201, 202, 204})
REFUSED_KEY = frozenset({401, 403})
# Each push service is somebody else's, so none speaks for the whole account.
STATUSES: Mapping[int, Outcome] = {
    400: Rejected(why=Reason.CONTENT_REFUSED),
    404: Rejected(why=Reason.DEVICE_GONE, suppress=True),
    406: Retry(why=Reason.THROTTLED),
    410: Rejected(why=Reason.DEVICE_GONE, suppress=True),
    413: Rejected(why=Reason.TOO_LARGE),
    429: Retry(why=Reason.THROTTLED),
    500: Retry(why=Reason.TEMPORARY),
    502: Retry(why=Reason.TEMPORARY),
    503: Retry(why=Reason.TEMPORARY),
    504: Retry(why=Reason.TEMPORARY),
}
# Google: "do not correspond to the credentials used to create the subscriptions"; Mozilla and Apple: "… mismatch"
_OTHER_KEY = re.compile(rb"do not correspond|mismatch", re.IGNORECASE)
OTHER_KEY = Rejected(why=Reason.POLICY_REFUSED, detail="made with another VAPID key: the browser must subscribe anew")


# whose word on our key counts: any other service may be a recipient's own
SERVICES = ("fcm.googleapis.com", ".push.services.mozilla.com", ".push.apple.com", ".notify.windows.com")


def refuses_key(response: Response) -> bool:
    """Whether it refuses our key or its signature, and not a subscription that was made with another."""
    return response.status in REFUSED_KEY and not _OTHER_KEY.search(response.body)


def doubtful(response: Response) -> Retry:
    """The outcome of a refusal that may be our key's or the subscription's: later ones will tell."""
    return Retry(why=Reason.UNRECOGNISED, detail=f"HTTP {response.status}, the VAPID key or this subscription refused")


def judge(response: Response, *, now: datetime) -> Outcome:
    """The outcome of an answer; of REFUSED_KEY, that for a subscription made with another key (but see send.py)."""
    status, detail = response.status, f"HTTP {response.status}"
    if status in TAKEN:
        location = response.headers.get("Location", "").rstrip("/").rpartition("/")[2]
        return Sent(remote_id=response.headers.get("apns-id", "") or location[:200], detail=detail)
    after = parse_retry_after(response.headers.get("Retry-After"), now=now)
    if status in REFUSED_KEY or (status == 400 and _OTHER_KEY.search(response.body)):
        return replace(OTHER_KEY, detail=f"{detail}, {OTHER_KEY.detail}")
    outcome = STATUSES.get(status, Retry(why=Reason.UNRECOGNISED))
    if isinstance(outcome, Retry):
        return replace(outcome, after=after, detail=detail)
    return replace(outcome, detail=detail)


def judge_failure(error: EgressError) -> Outcome:
    """The outcome of a call without an answer: what may have reached the service is unclear, never lost."""
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
