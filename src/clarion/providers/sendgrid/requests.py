"""From messages to the bodies of mail/send. Pure.

One call has one content for up to 1,000 personalizations, while our content is rendered for each recipient. So what a
call's texts share is its content, and where they differ, each personalization's `substitutions` fill the gap. Mails
whose part is above SendGrid's 10,000 bytes go alone. Subject, headers and custom arguments are per personalization
anyway; reply address and categories are not, so messages of one call have the same. No address twice in a call.
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/personalizations (read 2026-11)
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from secrets import token_hex

import msgspec

from clarion.contract.content import EmailContent
from clarion.contract.message import Message
from clarion.contract.outcome import Rejected
from clarion.contract.reasons import Reason
from clarion.egress.mime_headers import MailRefused, check_line, encode_address, encode_text, extra_header
from clarion.providers.sendgrid.account import MOST_CATEGORIES, SendGridAccount, is_category, named
from clarion.providers.sendgrid.sharing import MOST_BYTES, Shared, share

MOST_PERSONALIZATIONS = 1_000
ID_ARG = "clarion_id"
_KEY_BYTES = 2 * 12 + 3  # -t…-

Kind = tuple[str, bool, bool, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A message that can be sent. `kind` is what the messages of one call share: reply address, which bodies there
    are, categories."""

    message: Message = field(repr=False)
    content: EmailContent = field(repr=False)
    recipient: str = field(repr=False)
    kind: Kind = field(repr=False)


def prepare(message: Message, account: SendGridAccount) -> Prepared | Rejected:
    """What can be sent of a message, or why it never can be."""
    content = message.content
    if not isinstance(content, EmailContent) or not (content.text or content.html):
        return Rejected(why=Reason.CONTENT_REFUSED, detail="not an email, or one without a body")
    try:
        recipient = encode_address(message.target.value)
    except MailRefused as refusal:
        return Rejected(why=Reason.INVALID_ADDRESS, detail=str(refusal))
    if recipient.needs_smtputf8:
        return Rejected(why=Reason.INVALID_ADDRESS, detail="SendGrid takes ASCII before the @ only")
    try:
        check_line("Subject", content.subject)
        if content.reply_to:
            named(content.reply_to)
        for name, value in content.headers.items():
            extra_header(name, value)
        (content.text + content.html).encode()
    except MailRefused as refusal:
        return Rejected(why=Reason.CONTENT_REFUSED, detail=str(refusal))
    except UnicodeEncodeError:
        return Rejected(why=Reason.CONTENT_REFUSED, detail="the body has half a surrogate pair: it is not text")
    return Prepared(
        message=message,
        content=content,
        recipient=recipient.bare,
        kind=(content.reply_to, bool(content.text), bool(content.html), _categories(message, account)),
    )


def _categories(message: Message, account: SendGridAccount) -> tuple[str, ...]:
    names = dict.fromkeys((*account.categories, message.category, *message.tags))
    return tuple(name for name in names if is_category(name))[:MOST_CATEGORIES]


def in_calls(prepared: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """The messages of each call: many whose own part is small enough, or one."""
    for call in _alike(prepared):
        if len(call) == 1:
            yield call
            continue
        together: list[Prepared] = []
        for one, part in zip(call, _parts(call), strict=True):
            if sum(len(text.encode()) for text in part) + 2 * _KEY_BYTES <= MOST_BYTES:
                together.append(one)
            else:
                yield [one]
        if together:  # fewer share at least as much
            yield together


def _alike(prepared: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Messages of one kind, none of them to the same address. A call of 1,000 stays below SendGrid's 30 MB, for no
    message has more than 10,000 bytes of its own in it."""
    calls: dict[Kind, dict[str, Prepared]] = {}
    for one in prepared:
        call = calls.setdefault(one.kind, {})
        address = one.recipient.lower()
        if len(call) >= MOST_PERSONALIZATIONS or address in call:
            yield list(call.values())
            call = calls[one.kind] = {}
        call[address] = one
    for call in calls.values():
        yield list(call.values())


def _parts(call: Sequence[Prepared]) -> Iterator[tuple[str, str]]:
    text, html = _shared(call)
    return zip(text.middles, html.middles, strict=True)


def _shared(call: Sequence[Prepared]) -> tuple[Shared, Shared]:
    return share([one.content.text for one in call]), share([one.content.html for one in call])


def body(call: Sequence[Prepared], account: SendGridAccount) -> bytes:
    """The body of mail/send."""
    reply_to, has_text, has_html, categories = call[0].kind
    text, html = _shared(call)
    secret = token_hex(12)
    text_key, html_key = f"-t{secret}-", f"-h{secret}-"
    content = []
    if has_text:
        content.append({"type": "text/plain", "value": text.with_gap(text_key)})
    if has_html:
        content.append({"type": "text/html", "value": html.with_gap(html_key)})
    personalizations = []
    for at, one in enumerate(call):
        personalization = _personalization(one)
        gaps = {}
        if text.has_gap:
            gaps[text_key] = text.middles[at]
        if html.has_gap:
            gaps[html_key] = html.middles[at]
        if gaps:
            personalization["substitutions"] = gaps
        personalizations.append(personalization)
    request: dict[str, object] = {"from": account.sender, "personalizations": personalizations, "content": content}
    if reply_to:
        request["reply_to"] = named(reply_to)
    if categories:
        request["categories"] = categories
    if account.sandbox:
        request["mail_settings"] = {"sandbox_mode": {"enable": True}}
    return msgspec.json.encode(request)


def _personalization(one: Prepared) -> dict[str, object]:
    headers = {name: _header(name, value) for name, value in one.content.headers.items()}
    if not any(name.lower() == "auto-submitted" for name in headers):
        headers["Auto-Submitted"] = "auto-generated"
    return {
        "to": [{"email": one.recipient}],
        "subject": one.content.subject,
        "headers": headers,
        "custom_args": {ID_ARG: one.message.id},
    }


def _header(name: str, value: str) -> str:
    """SendGrid wants values outside ASCII encoded; on one line, for JSON is not folded."""
    return value if value.isascii() else encode_text(name, value).replace("\r\n ", " ")
