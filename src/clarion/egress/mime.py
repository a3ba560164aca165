"""A mail's source, assembled by hand (the standard library takes a millisecond, this some ten microseconds).

7-bit clean, CRLF line ends, no line above 998 bytes, no bare CR or LF: safe for any server without 8BITMIME. Header
encoding is in `mime_headers`; dot-stuffing belongs to SMTP; whether an address exists is nobody's question here.
"""

import base64
from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from clarion.egress.mime_headers import (
    Address,
    MailRefused,
    encode_address,
    encode_sender,
    encode_text,
    extra_header,
    mail_date,
    message_id_header,
)

_PLAIN = bytes([9, 10, *range(32, 127)])
_LONGEST_LINE = 990
_BASE64_LINE = 76


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail. `sender` and `reply_to` may carry a display name, `recipient` is a bare address. `key` names the
    mail over retries: the Message-ID and the boundary are made from it."""

    key: str
    sender: str = field(repr=False)
    recipient: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    reply_to: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A mail ready for the wire. `needs_smtputf8`: an address has a local part outside ASCII."""

    data: bytes = field(repr=False)
    message_id: str
    needs_smtputf8: bool = False


def build(mail: Mail) -> Source:
    """The source of a mail: multipart/alternative when both bodies are there, else the one there is.

    Raises MailRefused for header values with line breaks or control characters, for headers that are not on the
    list, for addresses that are none.
    """
    sender = encode_sender(mail.sender)
    recipient = encode_address(mail.recipient)
    message_id = message_id_header(mail.key, sender.domain)
    head = [
        f"From: {sender.shown}",
        f"To: {recipient.shown}",
        f"Subject: {encode_text('Subject', mail.subject)}",
        f"Date: {mail_date(int(mail.date.timestamp()))}",
        f"Message-ID: {message_id}",
    ]
    needs_utf8 = sender.needs_smtputf8 or recipient.needs_smtputf8
    if mail.reply_to:
        reply_to = _reply_address(mail.reply_to)
        head.append(f"Reply-To: {reply_to.shown}")
        needs_utf8 = needs_utf8 or reply_to.needs_smtputf8
    head.extend(extra_header(name, value) for name, value in mail.headers.items())
    if not any(name.lower() == "auto-submitted" for name in mail.headers):
        # RFC 3834: nobody composed this by hand, so vacation responders should keep quiet.
        head.append("Auto-Submitted: auto-generated")
    head.append("MIME-Version: 1.0")
    data = "\r\n".join(head).encode("utf-8") + b"\r\n" + _body(mail)
    return Source(data=data, message_id=message_id, needs_smtputf8=needs_utf8)


def _reply_address(text: str) -> Address:
    try:
        return encode_sender(text)
    except MailRefused:
        # Content, not the recipient, is at fault.
        raise MailRefused("the reply address is not a mail address") from None


def _body(mail: Mail) -> bytes:
    """The content headers, the blank line and the body."""
    boundary = b"=_" + sha256(mail.key.encode("utf-8", "replace")).hexdigest()[:32].encode("ascii")
    if not mail.html:
        return _part(b"plain", mail.text, boundary)
    if not mail.text:
        return _part(b"html", mail.html, boundary)
    return (b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n') % (
        boundary,
        boundary,
        _part(b"plain", mail.text, boundary),
        boundary,
        _part(b"html", mail.html, boundary),
        boundary,
    )


def _part(subtype: bytes, text: str, boundary: bytes) -> bytes:
    """One text part with its headers, ending in a line break."""
    try:
        raw = text.encode("utf-8")
    except UnicodeEncodeError:
        raise MailRefused("the body has half a surrogate pair: it is not text") from None
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not raw.endswith(b"\n"):
        raw += b"\n"
    encoding, body = _encode(raw, mostly_ascii=(len(raw) - len(text)) * 6 <= len(text) + 6, boundary=boundary)
    return b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (
        subtype,
        encoding,
        body,
    )


def _encode(raw: bytes, *, mostly_ascii: bool, boundary: bytes) -> tuple[bytes, bytes]:
    """The cheapest encoding that is 7-bit clean: as it is, quoted-printable, or base64 for mostly non-ASCII text."""
    if not raw.translate(None, _PLAIN) and boundary not in raw and max(map(len, raw.split(b"\n"))) <= _LONGEST_LINE:
        return b"7bit", raw.replace(b"\n", b"\r\n")
    if mostly_ascii:
        return b"quoted-printable", b2a_qp(raw).replace(b"\n", b"\r\n")
    return b"base64", _base64_lines(raw.replace(b"\n", b"\r\n"))


def _base64_lines(raw: bytes) -> bytes:
    encoded = base64.b64encode(raw)
    return b"".join(encoded[at : at + _BASE64_LINE] + b"\r\n" for at in range(0, len(encoded), _BASE64_LINE))
