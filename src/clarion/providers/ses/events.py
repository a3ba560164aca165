"""What SES tells of a mail, from its JSON to our words. Pure.

Event publishing (`eventType`): https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html;
identity notifications (`notificationType`) have the same objects:
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html (read 2026-11).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from clarion.contract.feedback import Kind, Malformed, Reported
from clarion.contract.reasons import Reason
from clarion.providers.ses.requests import ID_TAG

# (bounceType, bounceSubType) → (kind, reason). Undetermined and Transient ones may come right.
BOUNCES: Mapping[tuple[str, str], tuple[Kind, Reason]] = {
    ("Undetermined", "Undetermined"): (Kind.SOFT_BOUNCED, Reason.UNRECOGNISED),
    ("Permanent", "General"): (Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
    ("Permanent", "NoEmail"): (Kind.BOUNCED, Reason.ADDRESS_UNREACHABLE),
    ("Permanent", "Suppressed"): (Kind.BOUNCED, Reason.POLICY_REFUSED),
    ("Permanent", "OnAccountSuppressionList"): (Kind.BOUNCED, Reason.POLICY_REFUSED),
    ("Permanent", "UnsubscribedRecipient"): (Kind.UNSUBSCRIBED, Reason.POLICY_REFUSED),
    ("Permanent", "EmailValidationFailed"): (Kind.BOUNCED, Reason.INVALID_ADDRESS),
    ("Transient", "General"): (Kind.SOFT_BOUNCED, Reason.TEMPORARY),
    ("Transient", "MailboxFull"): (Kind.SOFT_BOUNCED, Reason.MAILBOX_FULL),
    ("Transient", "MessageTooLarge"): (Kind.SOFT_BOUNCED, Reason.TOO_LARGE),
    ("Transient", "CustomTimeoutExceeded"): (Kind.SOFT_BOUNCED, Reason.TIMEOUT),
    ("Transient", "ContentRejected"): (Kind.SOFT_BOUNCED, Reason.CONTENT_REFUSED),
    ("Transient", "AttachmentRejected"): (Kind.SOFT_BOUNCED, Reason.CONTENT_REFUSED),
}
DELAYS: Mapping[str, Reason] = {
    "InternalFailure": Reason.TEMPORARY,
    "General": Reason.TEMPORARY,
    "MailboxFull": Reason.MAILBOX_FULL,
    "SpamDetected": Reason.CONTENT_REFUSED,
    "RecipientServerError": Reason.TEMPORARY,
    "IPFailure": Reason.POLICY_REFUSED,
    "TransientCommunicationFailure": Reason.TEMPORARY,
    "BYOIPHostNameLookupUnavailable": Reason.TEMPORARY,
    "Undetermined": Reason.UNRECOGNISED,
    "SendingDeferral": Reason.POLICY_REFUSED,
}


class _Recipient(msgspec.Struct, rename="camel"):
    email_address: str = ""


class _Detail(msgspec.Struct, rename="camel"):
    """Every event's object has some of these."""

    timestamp: str = ""
    bounce_type: str = ""
    bounce_sub_type: str = ""
    bounced_recipients: list[_Recipient] = []
    complained_recipients: list[_Recipient] = []
    complaint_feedback_type: str | None = None
    complaint_sub_type: str | None = None
    delay_type: str = ""
    delayed_recipients: list[_Recipient] = []
    recipients: list[str] = []
    reason: str = ""
    link: str = ""
    new_topic_preferences: dict[str, object] | None = None


class _Mail(msgspec.Struct, rename="camel"):
    message_id: str
    timestamp: str = ""
    destination: list[str] = []
    tags: dict[str, list[str]] = {}


class _Event(msgspec.Struct, rename="camel"):
    mail: _Mail
    event_type: str = ""
    notification_type: str = ""
    bounce: _Detail = msgspec.field(default_factory=_Detail)
    complaint: _Detail = msgspec.field(default_factory=_Detail)
    delivery: _Detail = msgspec.field(default_factory=_Detail)
    reject: _Detail = msgspec.field(default_factory=_Detail)
    open: _Detail = msgspec.field(default_factory=_Detail)
    click: _Detail = msgspec.field(default_factory=_Detail)
    delivery_delay: _Detail = msgspec.field(default_factory=_Detail)
    subscription: _Detail = msgspec.field(default_factory=_Detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What one event comes to, before it is told of each address."""

    kind: Kind
    at: str
    addresses: Sequence[str]
    reason: Reason | None = None
    detail: str = ""
    link: str = ""


def parse_event(text: str, *, event_id: str) -> list[Reported]:
    """One report an address; nothing for kinds we need not know. Raises Malformed."""
    try:
        event = msgspec.json.decode(text, type=_Event)
    except (msgspec.DecodeError, RecursionError) as error:
        if text.startswith("Successfully validated SNS topic"):  # sent once, when the topic is set
            return []
        raise Malformed("not an event of SES") from error
    said = _read(event)
    if said is None:
        return []
    mail = event.mail
    ours = mail.tags.get(ID_TAG, [""])
    return [
        Reported(
            event_id=f"{event_id}:{number}" if number else event_id,
            kind=said.kind,
            happened_at=_moment(said.at or mail.timestamp),
            message_id=ours[0] if ours else "",
            remote_id=mail.message_id,
            address=address,
            reason=said.reason,
            detail=said.detail,
            link=said.link,
        )
        for number, address in enumerate(said.addresses or mail.destination or [""])
    ]


def _read(event: _Event) -> _Said | None:
    name = event.event_type or event.notification_type
    match name:
        case "Bounce":
            return _bounce(event.bounce)
        case "Complaint":
            return _complaint(event.complaint)
        case "DeliveryDelay":
            return _delay(event.delivery_delay)
        case "Subscription":
            return _subscription(event.subscription)
        case "Reject" | "Rendering Failure":
            return _Said(kind=Kind.FAILED, at="", addresses=(), reason=Reason.CONTENT_REFUSED, detail=name)
    return _plain(event, name)


def _plain(event: _Event, name: str) -> _Said | None:
    match name:
        case "Send":
            return _Said(kind=Kind.SENT, at=event.mail.timestamp, addresses=())
        case "Delivery":
            return _Said(kind=Kind.DELIVERED, at=event.delivery.timestamp, addresses=event.delivery.recipients)
        case "Open":
            return _Said(kind=Kind.OPENED, at=event.open.timestamp, addresses=())
        case "Click":
            return _Said(kind=Kind.CLICKED, at=event.click.timestamp, addresses=(), link=event.click.link)
    return None


def _bounce(bounce: _Detail) -> _Said:
    usual = Kind.BOUNCED if bounce.bounce_type == "Permanent" else Kind.SOFT_BOUNCED
    kind, reason = BOUNCES.get((bounce.bounce_type, bounce.bounce_sub_type), (usual, Reason.UNRECOGNISED))
    return _Said(
        kind=kind,
        at=bounce.timestamp,
        addresses=_addresses(bounce.bounced_recipients),
        reason=reason,
        detail=f"{bounce.bounce_type} {bounce.bounce_sub_type}"[:80],
    )


def _complaint(complaint: _Detail) -> _Said | None:
    if complaint.complaint_feedback_type == "not-spam":  # taken out of the junk folder: the opposite of a complaint
        return None
    detail = complaint.complaint_sub_type or complaint.complaint_feedback_type or ""
    return _Said(
        kind=Kind.COMPLAINED,
        at=complaint.timestamp,
        addresses=_addresses(complaint.complained_recipients),
        detail=detail[:80],
    )


def _delay(delay: _Detail) -> _Said:
    return _Said(
        kind=Kind.DEFERRED,
        at=delay.timestamp,
        addresses=_addresses(delay.delayed_recipients),
        reason=DELAYS.get(delay.delay_type, Reason.UNRECOGNISED),
        detail=delay.delay_type[:80],
    )


def _subscription(subscription: _Detail) -> _Said | None:
    wishes = subscription.new_topic_preferences or {}
    if wishes.get("unsubscribeAll") is not True:
        return None
    return _Said(kind=Kind.UNSUBSCRIBED, at=subscription.timestamp, addresses=())


def _addresses(recipients: Sequence[_Recipient]) -> list[str]:
    return [recipient.email_address for recipient in recipients if recipient.email_address]


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
