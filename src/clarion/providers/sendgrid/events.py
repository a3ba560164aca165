"""What SendGrid tells of a mail, from its JSON to our words. Pure.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event (read 2026-11). Custom arguments stand beside
the event's own fields, ours is `clarion_id`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

import msgspec

from clarion.contract.feedback import Kind, Malformed, Reported
from clarion.contract.reasons import Reason

PLAIN: Mapping[str, Kind] = {
    "processed": Kind.SENT,
    "delivered": Kind.DELIVERED,
    "open": Kind.OPENED,
    "click": Kind.CLICKED,
    "spamreport": Kind.COMPLAINED,
    "unsubscribe": Kind.UNSUBSCRIBED,
    "group_unsubscribe": Kind.UNSUBSCRIBED,
}
# bounce_classification → reason; https://www.twilio.com/docs/sendgrid/ui/analytics-and-reporting/bounce-and-block-classifications
CLASSIFIED: Mapping[str, Reason] = {
    "invalid address": Reason.ADDRESS_UNREACHABLE,
    "mailbox unavailable": Reason.ADDRESS_UNREACHABLE,
    "technical": Reason.TEMPORARY,
    "technical failure": Reason.TEMPORARY,
    "content": Reason.CONTENT_REFUSED,
    "reputation": Reason.POLICY_REFUSED,
    "frequency or volume too high": Reason.THROTTLED,
    "frequency/volume": Reason.THROTTLED,
    "unclassified": Reason.UNRECOGNISED,
}
ADDRESS_AT_FAULT = frozenset({Reason.ADDRESS_UNREACHABLE, Reason.UNRECOGNISED})
# The beginning of a drop's reason: SendGrid did not even try.
DROPPED: Mapping[str, tuple[Kind, Reason]] = {
    "bounced address": (Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
    "invalid": (Kind.BOUNCED, Reason.INVALID_ADDRESS),
    "unsubscribed address": (Kind.UNSUBSCRIBED, Reason.POLICY_REFUSED),
    "spam reporting address": (Kind.UNSUBSCRIBED, Reason.POLICY_REFUSED),  # it complained once; this is no second one
    "spam content": (Kind.FAILED, Reason.CONTENT_REFUSED),
    "recipient list over package quota": (Kind.FAILED, Reason.THROTTLED),
    "invalid smtpapi header": (Kind.FAILED, Reason.CONTENT_REFUSED),
}


class _Event(msgspec.Struct):
    event: str
    email: str = ""
    timestamp: float | None = None
    sg_event_id: str = ""
    sg_message_id: str = ""
    clarion_id: str = ""
    type: str | None = ""
    reason: str | None = ""
    bounce_classification: str | None = ""
    url: str | None = ""
    sg_machine_open: bool = False


def parse_events(body: bytes) -> list[Reported]:
    """One report an event; nothing for kinds we need not know. Raises Malformed."""
    try:
        events = msgspec.json.decode(body, type=list[_Event], strict=False)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed("not a list of SendGrid's events") from error
    return [report for event in events if (report := _report(event)) is not None]


def _report(event: _Event) -> Reported | None:
    meaning = _meaning(event)
    if meaning is None:
        return None
    kind, reason, detail = meaning
    return Reported(
        event_id=event.sg_event_id or _own_id(event),
        kind=kind,
        happened_at=_moment(event.timestamp),
        message_id=event.clarion_id,
        remote_id=_message_id(event.sg_message_id),
        address=event.email,
        reason=reason,
        detail=detail,
        link=(event.url or "") if kind is Kind.CLICKED else "",
    )


def _meaning(event: _Event) -> tuple[Kind, Reason | None, str] | None:
    if event.event in PLAIN:
        return PLAIN[event.event], None, "opened by a machine" if event.sg_machine_open else ""
    match event.event:
        case "deferred":
            return Kind.DEFERRED, Reason.TEMPORARY, ""
        case "bounce" | "blocked":
            return _bounce(event)
        case "dropped":
            return _drop(event)
    return None  # group_resubscribe, account_status_change


def _bounce(event: _Event) -> tuple[Kind, Reason, str]:
    """A `blocked` one may come right. A `bounce` is hard, unless it says that content or reputation was to blame."""
    reason = CLASSIFIED.get((event.bounce_classification or "").lower(), Reason.UNRECOGNISED)
    hard = event.type != "blocked" and event.event == "bounce" and reason in ADDRESS_AT_FAULT
    return (
        Kind.BOUNCED if hard else Kind.SOFT_BOUNCED,
        reason,
        f"{event.type or ''} {event.bounce_classification or ''}".strip()[:80],
    )


def _drop(event: _Event) -> tuple[Kind, Reason, str]:
    reason = (event.reason or "").lower()
    for beginning in sorted(DROPPED, key=len, reverse=True):
        if reason.startswith(beginning):
            return *DROPPED[beginning], f"dropped: {beginning}"
    return Kind.FAILED, Reason.UNRECOGNISED, "dropped"


def _message_id(text: str) -> str:
    """What mail/send answered as X-Message-Id; SendGrid appends the filter and the recipient's number."""
    for mark in (".filter", ".recvd"):
        text = text.partition(mark)[0]
    return text


def _own_id(event: _Event) -> str:
    parts = (event.sg_message_id, event.clarion_id, event.event, str(event.timestamp), event.email, event.url or "")
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:40]


def _moment(timestamp: float | None) -> datetime | None:
    try:
        return None if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
    except (ValueError, OverflowError, OSError):
        return None
