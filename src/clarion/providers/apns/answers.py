"""What APNs' answers mean: the table of its reasons.

https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns (read 2026-11-20).
The body of anything but a 200 is JSON with `reason`, and for 410 `timestamp`, in milliseconds.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec

from clarion.contract.faults import Misconfigured
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent
from clarion.contract.reasons import Reason
from clarion.egress.http import Response
from clarion.egress.retry_after import parse_retry_after
from clarion.providers.vendor_api import by_status

EXPIRED_TOKEN = "ExpiredProviderToken"  # noqa: S105  a reason's name

REASONS: Mapping[str, Outcome] = {
    # 400
    "BadCollapseId": Rejected(why=Reason.CONTENT_REFUSED),
    "BadDeviceToken": Rejected(why=Reason.INVALID_ADDRESS, suppress=True),
    "BadExpirationDate": Rejected(why=Reason.CONTENT_REFUSED),
    "BadMessageId": Rejected(why=Reason.CONTENT_REFUSED),
    "BadPriority": Rejected(why=Reason.CONTENT_REFUSED),
    # another app's token, or a topic= that is not the app's: no reason to forget the device
    "DeviceTokenNotForTopic": Rejected(why=Reason.ADDRESS_UNREACHABLE),
    "DuplicateHeaders": Rejected(why=Reason.CONTENT_REFUSED),
    "IdleTimeout": Retry(why=Reason.TEMPORARY),
    "InvalidPushType": Rejected(why=Reason.CONTENT_REFUSED),
    "MissingDeviceToken": Rejected(why=Reason.INVALID_ADDRESS),
    "PayloadEmpty": Rejected(why=Reason.CONTENT_REFUSED),
    # 404, 405
    "BadPath": Rejected(why=Reason.INVALID_ADDRESS),
    "MethodNotAllowed": Rejected(why=Reason.CONTENT_REFUSED),
    # 410
    "ExpiredToken": Rejected(why=Reason.DEVICE_GONE, suppress=True),
    "Unregistered": Rejected(why=Reason.DEVICE_GONE, suppress=True),
    # 413
    "PayloadTooLarge": Rejected(why=Reason.TOO_LARGE),
    # 429: the first is about us, the second about one device
    "TooManyProviderTokenUpdates": Retry(why=Reason.THROTTLED, after=timedelta(minutes=20), whole_account=True),
    "TooManyRequests": Retry(why=Reason.THROTTLED),
    # 500, 503
    "InternalServerError": Retry(why=Reason.TEMPORARY),
    "ServiceUnavailable": Retry(why=Reason.TEMPORARY, whole_account=True),
    "Shutdown": Retry(why=Reason.TEMPORARY),
}
MISCONFIGURED: Mapping[str, str] = {
    "BadTopic": "topic= is not a bundle id",
    "MissingTopic": "topic= is missing",
    "TopicDisallowed": "the key may not send to this topic=",
    "BadCertificate": "Apple refused the certificate",
    "BadCertificateEnvironment": "the certificate is for the other environment: see sandbox=",
    EXPIRED_TOKEN: "Apple calls a fresh token stale: set this machine's clock",
    "Forbidden": "the key may not do this",
    "InvalidProviderToken": "check key_id=, team_id= and the key's file",
    "MissingProviderToken": "no token came with the request",
    "UnrelatedKeyIdInToken": "this key is not related to the one the connection began with: restart the worker",
    "BadEnvironmentKeyIdInToken": "the key is for the other environment: see sandbox=",
    "BadEnvironmentKeyInToken": "the key is for the other environment: see sandbox=",
}


class _Answer(msgspec.Struct):
    reason: str = ""
    timestamp: float = 0


def reason_of(response: Response) -> str:
    """Apple's word for it; empty when there is none."""
    return _read(response).reason


def judge(response: Response, apns_id: str) -> Outcome:
    """The outcome of an answer. Raises Misconfigured where key, topic or environment are refused."""
    if response.status == 200:
        return Sent(remote_id=(response.headers.get("apns-id") or apns_id)[:100])
    answer = _read(response)
    if answer.reason in MISCONFIGURED:
        raise Misconfigured(f"apns: {answer.reason}: {MISCONFIGURED[answer.reason]}")
    detail = f"HTTP {response.status} {_shown(answer.reason)}"
    outcome = REASONS.get(answer.reason)
    if outcome is None:
        return by_status(response, detail=detail)
    if isinstance(outcome, Retry):
        asked = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
        return replace(outcome, after=asked or outcome.after, detail=detail)
    return replace(outcome, detail=detail + _since(answer.timestamp))


def _read(response: Response) -> _Answer:
    try:
        return msgspec.json.decode(response.body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Answer()


def _shown(reason: str) -> str:
    return reason if reason.isascii() and reason.isalnum() and len(reason) <= 60 else "without a reason"


def _since(milliseconds: float) -> str:
    """When Apple last knew that the token was dead: one that was registered later is alive again."""
    if not 0 < milliseconds < 1e14:
        return ""
    return f" since {datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
