"""What Beem reports: delivery reports, and what people reply (two-way SMS).

https://docs.beem.africa/index.html#api-SMS and #api-TwoWaySMS (read 2026-11-20 in the copies that clients make of it).
Beem does not sign its callbacks. What proves them is the secret path of our address, and `callback_token` where Beem is
set up to send it as `beem-secure-token`.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.host import Host
from clarion.contract.reasons import Reason
from clarion.providers.beem.account import parse
from clarion.providers.beem.calls import remote_id

TOKEN_HEADER = "beem-secure-token"  # noqa: S105  the header's name
MOST_FIELDS = 100
SILENT = frozenset({"pending", "retry", "queued", "enroute"})
# Beem does not say why a message was not delivered, so no number is ever taken for dead.
STATUSES: Mapping[str, tuple[Kind, Reason | None]] = {
    "sent": (Kind.SENT, None),
    "submitted": (Kind.SENT, None),
    "delivered": (Kind.DELIVERED, None),
    "undelivered": (Kind.FAILED, Reason.ADDRESS_UNREACHABLE),
    "undeliverable": (Kind.FAILED, Reason.ADDRESS_UNREACHABLE),
    "failed": (Kind.FAILED, Reason.ADDRESS_UNREACHABLE),
    "expired": (Kind.SOFT_BOUNCED, Reason.ADDRESS_UNREACHABLE),
    "rejected": (Kind.FAILED, Reason.POLICY_REFUSED),
    "blacklisted": (Kind.FAILED, Reason.POLICY_REFUSED),
}
Fields = Mapping[str, object]


class BeemFeedback:
    """One account's ear."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        self._token = parse(url).callback_token.encode()

    def __repr__(self) -> str:
        return "<BeemFeedback>"

    def verify(self, callback: Callback) -> None:
        """Raise Forged without the agreed token, and for a body that is cut off."""
        given = callback.headers.get(TOKEN_HEADER, "").encode()
        if self._token and not hmac.compare_digest(self._token, given):
            raise Forged("beem-secure-token is missing or wrong")
        try:
            _objects(callback)
        except Malformed as error:
            raise Forged(str(error)) from error

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """Reports and replies, one or a list of them. Raises Malformed."""
        return [said for each in _objects(callback) if (said := _one(each)) is not None]

    def acknowledge(self, callback: Callback) -> None:
        """Beem wants nothing else."""


def _objects(callback: Callback) -> list[dict[str, object]]:
    content = callback.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if content == "application/x-www-form-urlencoded":
            pairs = parse_qsl(callback.body.decode(), strict_parsing=True, max_num_fields=MOST_FIELDS)
            return [dict(pairs)]
        told = msgspec.json.decode(callback.body, type=dict[str, object] | list[dict[str, object]])
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Malformed("the body is neither a JSON object nor a form") from error
    return told if isinstance(told, list) else [told]


def _one(fields: Fields) -> Reported | None:
    if "status" not in fields and "from" in fields:
        return _reply(fields)
    request, status = _text(fields, "request_id"), _text(fields, "status").lower()
    if not request or not status:
        raise Malformed("request_id or status is missing")
    if status in SILENT:
        return None
    if status not in STATUSES:
        raise Malformed("status is not one of Beem's")
    kind, reason = STATUSES[status]
    place = _text(fields, "recipient_id")
    number = _text(fields, "dest_addr").lstrip("+")
    return Reported(
        event_id=f"{request}:{place or _digest(number)}:{status}",
        kind=kind,
        happened_at=_moment(_text(fields, "timestamp")),
        remote_id=remote_id(request, place) if place else request,
        address=f"+{number}" if number else "",
        reason=reason,
        detail=f"Beem {status}",
    )


def _reply(fields: Fields) -> Reported:
    message = fields.get("message", "")
    text = str(message.get("text", "")) if isinstance(message, dict) else str(message)
    sender = _text(fields, "from").lstrip("+")
    moment = _text(fields, "timeUTC") or _text(fields, "timestamp")
    return Reported(
        event_id=_text(fields, "transaction_id") or _digest(f"{sender}\0{moment}\0{text}"),
        kind=Kind.REPLIED,
        happened_at=_moment(moment),
        address=f"+{sender}" if sender else "",
        text=text,
    )


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value).strip()


def _digest(text: str) -> str:
    """A name for what has none, which does not tell the number."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
