"""From messages to the bodies of SES' calls. Pure.

SendEmail carries our own MIME (`Raw`), so headers are as we wrote them. SendBulkEmail carries an inline template that
is nothing but `{{s}}`, `{{t}}` and `{{h}}`, with each recipient's rendered content as replacement data: inline
templates know simple substitution only, which neither escapes nor looks into what it puts in. What all messages of one
bulk call must share is the reply address and which of the two bodies there are.
https://docs.aws.amazon.com/ses/latest/dg/send-personalized-email-api.html (read 2026-11)
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from clarion.contract.content import EmailContent
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected
from clarion.contract.reasons import Reason
from clarion.egress.mime import Mail, build
from clarion.egress.mime_headers import MailRefused, check_line, encode_address, encode_sender, extra_header
from clarion.providers.ses.account import SesAccount, is_tag

MOST_BULK_BYTES = 900_000  # an inline template's call may have 1 MB
MOST_DATA = 262_144  # characters of one entry's replacement data
MOST_HEADERS = 15
MOST_HEADER = 995
ID_TAG = "clarion_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message that can be sent. `entry` is its part of a bulk call; empty: it must go alone. `size` is what the
    entry adds to a call. `kind` is what the messages of one bulk call share."""

    message: Message = field(repr=False)
    content: EmailContent = field(repr=False)
    recipient: str = field(repr=False)
    entry: bytes = field(default=b"", repr=False)
    size: int = 0
    kind: tuple[str, bool, bool] = field(repr=False)


def prepare(message: Message, account: SesAccount) -> Prepared | Rejected:
    """What can be sent of a message, or why it never can be."""
    content = message.content
    if not isinstance(content, EmailContent):
        return Rejected(why=Reason.CONTENT_REFUSED, detail="not an email")
    try:
        recipient = encode_address(message.target.value)
    except MailRefused as refusal:
        return Rejected(why=Reason.INVALID_ADDRESS, detail=str(refusal))
    try:
        check_line("Subject", content.subject)
        reply_to = encode_sender(content.reply_to).shown if content.reply_to else ""
        for name, value in content.headers.items():
            extra_header(name, value)
    except MailRefused as refusal:
        return Rejected(why=Reason.CONTENT_REFUSED, detail=str(refusal))
    if recipient.needs_smtputf8:
        return Rejected(why=Reason.INVALID_ADDRESS, detail="SES takes ASCII before the @ only")
    entry = _entry(message, content, recipient.bare) if account.entries > 1 else b""
    return Prepared(
        message=message,
        content=content,
        recipient=recipient.bare,
        entry=entry,
        size=len(entry),
        kind=(reply_to, bool(content.text), bool(content.html)),
    )


def _entry(message: Message, content: EmailContent, recipient: str) -> bytes:
    """One destination of a bulk call, encoded; nothing when a bulk call cannot carry it."""
    headers = dict(content.headers)
    if not any(name.lower() == "auto-submitted" for name in headers):
        headers["Auto-Submitted"] = "auto-generated"
    if len(headers) > MOST_HEADERS or not all(
        value and value.isascii() and len(name) + len(value) < MOST_HEADER for name, value in headers.items()
    ):
        return b""
    values = {"s": content.subject, "t": content.text, "h": content.html}
    try:
        data = msgspec.json.encode({key: value for key, value in values.items() if value}).decode()
    except UnicodeEncodeError:  # half a surrogate pair: refused when it is written as MIME
        return b""
    if len(data) > MOST_DATA or not content.subject:
        return b""
    return msgspec.json.encode(
        {
            "Destination": {"ToAddresses": [recipient]},
            "ReplacementTags": _message_tags(message),
            "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": data}},
            "ReplacementHeaders": [{"Name": name, "Value": value} for name, value in headers.items()],
        }
    )


def _message_tags(message: Message) -> list[dict[str, str]]:
    """Our id, so that an event finds its message; category and tags, as far as SES' alphabet goes."""
    pairs = {ID_TAG: message.id, "category": message.category}
    for tag in message.tags:
        name, _, value = tag.partition(":")
        pairs.setdefault(name, value or "yes")
    return [{"Name": name, "Value": value} for name, value in pairs.items() if is_tag(name) and is_tag(value)]


def in_calls(prepared: Iterable[Prepared], account: SesAccount) -> Iterator[list[Prepared]]:
    """The messages of each call: several for a bulk one, one for a single one."""
    open_calls: dict[tuple[str, bool, bool], list[Prepared]] = {}
    sizes: dict[tuple[str, bool, bool], int] = {}
    for one in prepared:
        if not one.entry:
            yield [one]
            continue
        call = open_calls.setdefault(one.kind, [])
        if call and (len(call) >= account.entries or sizes[one.kind] + one.size > MOST_BULK_BYTES):
            yield call
            call = open_calls[one.kind] = []
        sizes[one.kind] = one.size + (sizes[one.kind] if call else 0)
        call.append(one)
    yield from open_calls.values()


def _shared(account: SesAccount) -> dict[str, object]:
    shared: dict[str, object] = {"FromEmailAddress": account.sender.shown.replace("\r\n", "")}
    if account.configuration_set:
        shared["ConfigurationSetName"] = account.configuration_set
    return shared


def bulk_body(call: list[Prepared], account: SesAccount) -> bytes:
    """The body of SendBulkEmail."""
    reply_to, has_text, has_html = call[0].kind
    template = {
        "Subject": "{{s}}",
        **({"Text": "{{t}}"} if has_text else {}),
        **({"Html": "{{h}}"} if has_html else {}),
    }
    body: dict[str, object] = {
        **_shared(account),
        "DefaultContent": {"Template": {"TemplateContent": template, "TemplateData": "{}"}},
        "DefaultEmailTags": [{"Name": name, "Value": value} for name, value in account.tags],
        "BulkEmailEntries": [msgspec.Raw(one.entry) for one in call],
    }
    if reply_to:
        body["ReplyToAddresses"] = [reply_to.replace("\r\n", "")]
    return msgspec.json.encode(body)


def single_body(one: Prepared, account: SesAccount, *, now: datetime) -> bytes:
    """The body of SendEmail. Raises MailRefused."""
    content, message = one.content, one.message
    source = build(
        Mail(
            key=message.id,
            sender=account.sender_text,
            recipient=message.target.value,
            subject=content.subject,
            text=content.text,
            html=content.html,
            reply_to=content.reply_to,
            headers=content.headers,
            date=now,
        )
    )
    own = _message_tags(message)
    given = {tag["Name"] for tag in own}
    return msgspec.json.encode(
        {
            **_shared(account),
            "Destination": {"ToAddresses": [one.recipient]},
            "Content": {"Raw": {"Data": b64encode(source.data).decode()}},
            "EmailTags": own + [{"Name": name, "Value": value} for name, value in account.tags if name not in given],
        }
    )
