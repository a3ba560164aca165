"""Reading a bounce: a mail that reports a delivery (RFC 3464) or a complaint (RFC 5965), to our words. Pure.

Anybody can write such a mail, so it is believed about one thing only: the notification whose id it knows, from the
envelope id we gave or from our Message-ID in the returned headers. Addresses in it are not passed on, lest a recipient
could have others suppressed; the house knows whom it wrote to.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message as Mail
from email.utils import parsedate_to_datetime
from hashlib import sha256

from clarion.contract.feedback import Kind, Malformed, Reported
from clarion.contract.reasons import Reason
from clarion.providers.smtp.dsn import from_xtext
from clarion.providers.smtp.replies import REJECTED, RETRY

_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_MESSAGE_ID = re.compile(r"<([A-Za-z0-9._-]{1,128})@([A-Za-z0-9.-]{1,253})>")
_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
MOST_RECIPIENTS = 100


def parse_bounce(source: bytes, *, domain: str) -> Sequence[Reported]:
    """What a mail in the bounce mailbox says; nothing for other mails (holiday notices, replies) and for reports that
    name none of our messages. `domain` is that of our Message-IDs. Raises Malformed for a report without its parts."""
    mail = message_from_bytes(source, policy=policy.compat32)
    if mail.get_content_type() != "multipart/report":
        return ()
    match str(mail.get_param("report-type") or "").lower():
        case "delivery-status":
            return list(_deliveries(mail, source, domain))
        case "feedback-report":
            return list(_complaints(mail, source, domain))
    return ()


def _deliveries(mail: Mail, source: bytes, domain: str) -> Iterator[Reported]:
    report = _part(mail, "message/delivery-status")
    blocks = report.get_payload() if report is not None else None
    if not isinstance(blocks, list) or len(blocks) < 2:
        raise Malformed("a delivery report without its fields")
    whole, *recipients = blocks
    message_id = from_xtext(_text(whole, "Original-Envelope-Id")) or _own_message_id(mail, domain)
    if not _ID.fullmatch(message_id):
        return
    key = _key(mail, source)
    for number, block in enumerate(recipients[:MOST_RECIPIENTS]):
        meaning = _meaning(block)
        if meaning is not None:
            kind, reason, status = meaning
            yield Reported(
                event_id=f"{key}:{number}",
                kind=kind,
                happened_at=_moment(_text(block, "Last-Attempt-Date") or _text(mail, "Date")),
                message_id=message_id,
                reason=reason,
                detail=status,
            )


def _meaning(block: Mail) -> tuple[Kind, Reason | None, str] | None:
    status = _status(block)
    match _text(block, "Action").lower():
        case "failed":
            return *_failure(status), status
        case "delayed":
            return Kind.DEFERRED, Reason.TEMPORARY, status
        case "delivered":
            return Kind.DELIVERED, None, status
        case "relayed" | "expanded":
            return Kind.SENT, None, status
    return None


def _failure(status: str) -> tuple[Kind, Reason]:
    """Hard only where the table of replies calls the address dead; what was given up after waiting is soft."""
    if status in REJECTED:
        reason, suppress = REJECTED[status]
        return Kind.BOUNCED if suppress else Kind.SOFT_BOUNCED, reason
    if status in RETRY:
        return Kind.SOFT_BOUNCED, RETRY[status][0]
    return Kind.SOFT_BOUNCED, Reason.TEMPORARY if status.startswith("4.") else Reason.UNRECOGNISED


def _status(block: Mail) -> str:
    """The status; where it says nothing (x.0.0), the one in the remote server's own words."""
    found = _STATUS.search(_text(block, "Status"))
    status = found[1] if found else ""
    if not status or status.endswith(".0.0"):
        said = _STATUS.search(_text(block, "Diagnostic-Code"))
        return said[1] if said else status
    return status


def _complaints(mail: Mail, source: bytes, domain: str) -> Iterator[Reported]:
    report = _part(mail, "message/feedback-report")
    if report is None:
        raise Malformed("a complaint without its fields")
    fields = report.get_payload()
    block = fields[0] if isinstance(fields, list) and fields else message_from_bytes(_bytes(report))
    message_id = from_xtext(_text(block, "Original-Envelope-Id")) or _own_message_id(mail, domain)
    kind = _text(block, "Feedback-Type").lower()
    if not _ID.fullmatch(message_id) or kind == "not-spam":
        return
    yield Reported(
        event_id=f"{_key(mail, source)}:0",
        kind=Kind.UNSUBSCRIBED if kind.startswith("opt-out") else Kind.COMPLAINED,
        happened_at=_moment(_text(block, "Arrival-Date") or _text(mail, "Date")),
        message_id=message_id,
        detail=kind[:40],
    )


def _own_message_id(mail: Mail, domain: str) -> str:
    """Our id from the headers that came back with the report."""
    for part in mail.walk():
        if part.get_content_type() == "text/rfc822-headers":
            returned: object = message_from_bytes(_bytes(part))
        elif part.get_content_type() in ("message/rfc822", "message/global-headers"):
            inner = part.get_payload()
            returned = inner[0] if isinstance(inner, list) and inner else part
        else:
            continue
        found = _MESSAGE_ID.search(_text(returned, "Message-ID"))
        if found and found[2].lower() == domain.lower():
            return found[1]
    return ""


def _part(mail: Mail, kind: str) -> Mail | None:
    return next((part for part in mail.walk() if part.get_content_type() == kind), None)


def _bytes(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(block: object, name: str) -> str:
    return str(block.get(name) or "").strip() if isinstance(block, Mail) else ""


def _key(mail: Mail, source: bytes) -> str:
    """The report's own Message-ID, else its bytes; hashed, for it is a stranger's text."""
    return sha256((_text(mail, "Message-ID").encode("utf-8", "replace")) or source).hexdigest()[:40]


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
