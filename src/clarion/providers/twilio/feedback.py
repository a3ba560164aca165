"""What Twilio reports: statuses of our messages, and what people reply.

https://www.twilio.com/docs/usage/security (signatures; held against the SDK's RequestValidator 9.13 on 2026-11-20),
/docs/messaging/guides/track-outbound-message-status (statuses), /docs/messaging/guides/webhook-request (replies). A
signature covers the exact public URL and the form's fields, not the time, so an old callback may be repeated: it is
known by its event id and changes nothing.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit, urlunsplit

import msgspec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Callback, Forged, Kind, Malformed, Reported
from clarion.contract.host import Host
from clarion.contract.reasons import Reason
from clarion.providers.twilio.account import parse
from clarion.providers.twilio.answers import later, shown

MESSAGE_ID = "message"
MOST_FIELDS = 200
SILENT = frozenset({"accepted", "scheduled", "queued", "sending", "receiving", "partially_delivered"})
ALGORITHMS: Mapping[str, str] = {"HMAC_SHA1": "sha1", "HMAC_SHA256": "sha256"}
Fields = Mapping[str, str]


class TwilioFeedback:
    """One account's ear."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        account = parse(url)
        self._secrets = [secret.encode() for secret in (account.auth_token, account.signing_secret) if secret]

    def __repr__(self) -> str:
        return "<TwilioFeedback>"

    def verify(self, callback: Callback) -> None:
        """Raise Forged unless the signature fits the URL and the body."""
        given = callback.headers.get("x-twilio-signature", "").encode()
        if not given or not self._secrets:
            raise Forged("there is no signature, or no auth_token= to check it with")
        algorithm = _algorithm(callback.headers.get("x-twilio-webhooks-signature-settings", ""))
        signed = _signed_fields(callback)
        for secret in self._secrets:
            for url in _spellings(callback.url):
                if hmac.compare_digest(_signature(secret, url + signed, algorithm), given):
                    return
        raise Forged("the signature does not fit")

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """The status or the reply, as an event; nothing for the steps in between. Raises Malformed."""
        fields = _fields(callback)
        sid = fields.get("MessageSid") or fields.get("SmsSid") or ""
        status = (fields.get("MessageStatus") or fields.get("SmsStatus") or "").lower()
        if not sid or not status:
            raise Malformed("MessageSid or MessageStatus is missing")
        if status == "received":
            return [_reply(sid, fields)]
        if status in SILENT:
            return []
        return [_status(sid, status, fields, _our_id(callback.url))]

    def acknowledge(self, callback: Callback) -> None:
        """Twilio wants nothing else."""


def _status(sid: str, status: str, fields: Fields, message_id: str) -> Reported:
    kinds = {"sent": Kind.SENT, "delivered": Kind.DELIVERED, "read": Kind.OPENED}
    kind: Kind | None = kinds.get(status)
    reason: Reason | None = None
    code = _number(fields.get("ErrorCode", ""))
    if status == "canceled":
        kind = Kind.FAILED
    elif status in ("failed", "undelivered"):
        kind, reason = later(code)
    if kind is None:
        raise Malformed("MessageStatus is not one of Twilio's")
    return Reported(
        event_id=f"{sid}:{status}",
        kind=kind,
        happened_at=_done_at(fields.get("RawDlrDoneDate", "")),
        message_id=message_id,
        remote_id=sid,
        address=fields.get("To", ""),
        reason=reason,
        detail=shown(code) if code else "",
    )


def _reply(sid: str, fields: Fields) -> Reported:
    """`text` is STOP, START or HELP where Twilio understood it as that, in whatever language it was written."""
    return Reported(
        event_id=f"{sid}:received",
        kind=Kind.REPLIED,
        remote_id=sid,
        address=fields.get("From", ""),
        text=fields.get("OptOutType") or fields.get("Body", ""),
        segments=_number(fields.get("NumSegments", "")) or None,
    )


def _fields(callback: Callback) -> dict[str, str]:
    """The fields of a form, of a JSON body, or of the query string."""
    if _is_json(callback):
        try:
            return {str(k): str(v) for k, v in msgspec.json.decode(callback.body, type=dict[str, object]).items()}
        except (msgspec.MsgspecError, RecursionError) as error:
            raise Malformed("the body is not a JSON object") from error
    if callback.method == "GET":
        return dict(_pairs(urlsplit(callback.url).query.encode()))
    return dict(_pairs(callback.body))


def _signed_fields(callback: Callback) -> str:
    """What is signed beside the URL: a form's fields by name, each name and value; of JSON the URL holds a hash."""
    if _is_json(callback):
        given = parse_qs(urlsplit(callback.url).query).get("bodySHA256", [""])[0]
        if not hmac.compare_digest(hashlib.sha256(callback.body).hexdigest().encode(), given.encode()):
            raise Forged("bodySHA256 does not fit the body")
        return ""
    if callback.method == "GET":
        return ""
    return "".join(name + value for name, value in sorted(set(_pairs(callback.body))))


def _pairs(form: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(form.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise Forged("the form cannot be read") from error


def _is_json(callback: Callback) -> bool:
    return callback.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _algorithm(settings: str) -> str:
    """Of `key=…,algorithm=HMAC_SHA256`; without it, SHA-1. Raises Forged for one we do not know."""
    named = [part.partition("=")[2].strip() for part in settings.split(",") if part.strip().startswith("algorithm=")]
    name = (named[0] if named else "HMAC_SHA1").upper()
    if name not in ALGORITHMS:
        raise Forged("the signature's algorithm is not known")
    return ALGORITHMS[name]


def _signature(secret: bytes, text: str, algorithm: str) -> bytes:
    return b64encode(hmac.digest(secret, text.encode(), algorithm))


def _spellings(url: str) -> Iterator[str]:
    """The URL as it is, and with or without its port: Twilio's own code notes that it signs now one, now the other."""
    yield url
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = "" if parts.port else f":{443 if parts.scheme == 'https' else 80}"
    yield urlunsplit(parts._replace(netloc=host + port))


def _our_id(url: str) -> str:
    return parse_qs(urlsplit(url).query).get(MESSAGE_ID, [""])[0]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _done_at(text: str) -> datetime | None:
    """The carrier's `yymmddhhmm`, in UTC."""
    try:
        return datetime.strptime(text, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None
