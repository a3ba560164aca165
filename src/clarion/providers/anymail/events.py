"""Anymail's normalised events in our words. Pure.

https://anymail.dev/en/stable/sending/tracking/#normalized-tracking-event (read 2026-11). Anymail knows one kind of
bounce; whether it is hard is read from the service's own event, and what is not known to be hard is soft.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from anymail.signals import AnymailTrackingEvent

from clarion.contract.feedback import Kind, Reported
from clarion.contract.reasons import Reason

ID_KEY = "clarion_id"
KINDS: Mapping[str, Kind] = {
    "queued": Kind.SENT,
    "sent": Kind.SENT,
    "delivered": Kind.DELIVERED,
    "deferred": Kind.DEFERRED,
    "bounced": Kind.SOFT_BOUNCED,
    "rejected": Kind.FAILED,
    "failed": Kind.FAILED,
    "complained": Kind.COMPLAINED,
    "unsubscribed": Kind.UNSUBSCRIBED,
    "opened": Kind.OPENED,
    "clicked": Kind.CLICKED,
}  # autoresponded, subscribed, inbound, inbound_failed and unknown change nothing
REASONS: Mapping[str, Reason] = {
    "invalid": Reason.INVALID_ADDRESS,
    "bounced": Reason.ADDRESS_UNREACHABLE,
    "timed_out": Reason.TEMPORARY,
    "blocked": Reason.POLICY_REFUSED,
    "spam": Reason.CONTENT_REFUSED,
    "unsubscribed": Reason.POLICY_REFUSED,
    "other": Reason.UNRECOGNISED,
}


def _at(event: object, *path: str) -> object:
    """What stands at a path of the service's event; None where there is nothing."""
    for name in path:
        event = event.get(name) if isinstance(event, Mapping) else None
    return event


HARD: Mapping[str, Callable[[object], bool]] = {
    "brevo": lambda event: _at(event, "event") in ("hard_bounce", "invalid_email"),
    "mailersend": lambda event: _at(event, "type") in ("activity.hard_bounced", "hard_bounced"),
    "mailgun": lambda event: (
        _at(event, "event-data", "severity") == "permanent"
        and _at(event, "event-data", "reason") in ("bounce", "suppress-bounce")
    ),
    "mailjet": lambda event: _at(event, "hard_bounce") is True,
    "mailtrap": lambda event: _at(event, "event") == "bounce",
    "mandrill": lambda event: _at(event, "event") == "hard_bounce",
    "postmark": lambda event: _at(event, "Type") in ("HardBounce", "BadEmailAddress"),
    "resend": lambda event: _at(event, "data", "bounce", "type") == "Permanent",
    "sparkpost": lambda event: str(_at(event, "msys", "message_event", "bounce_class")) in ("10", "30"),
}


def as_reported(vendor: str, event: AnymailTrackingEvent, *, own_id: str) -> Reported | None:
    """The report; None for what we need not know."""
    name = str(event.event_type or "")
    kind = KINDS.get(name)
    if kind is None:
        return None
    if name in ("bounced", "rejected") and vendor in HARD and HARD[vendor](event.esp_event):
        kind = Kind.BOUNCED
    reason = REASONS.get(str(event.reject_reason or ""))
    if name in ("bounced", "rejected", "failed") and reason is None:
        reason = Reason.UNRECOGNISED
    return Reported(
        event_id=str(event.event_id or "") or own_id,
        kind=kind,
        happened_at=event.timestamp if isinstance(event.timestamp, datetime) and event.timestamp.tzinfo else None,
        message_id=str((event.metadata or {}).get(ID_KEY) or ""),
        remote_id=str(event.message_id or ""),
        address=str(event.recipient or ""),
        reason=Reason.TEMPORARY if kind is Kind.DEFERRED else reason,
        detail=f"{name} {event.reject_reason or ''}".strip()[:80],
        link=str(event.click_url or "") if kind is Kind.CLICKED else "",
    )
