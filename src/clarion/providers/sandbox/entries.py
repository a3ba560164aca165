"""What stands in the outbox for a message: the content, and for mail and webhooks the very bytes of the wire."""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from clarion.contract.channel import ChannelKey
from clarion.contract.content import (
    ChatContent,
    EmailContent,
    InboxContent,
    PushContent,
    SmsContent,
    WebhookContent,
)
from clarion.contract.host import OutboxEntry
from clarion.contract.message import Message
from clarion.egress.mime import Mail, build
from clarion.egress.signing import sign

# Signs what is sent to endpoints without a secret of their own, so that the recorded request is complete.
SANDBOX_SECRET = "whsec_c2FuZGJveC1zaWduaW5nLXNlY3JldC0wMDAw"  # noqa: S105  not secret: it signs nothing real


class Unfit(ValueError):
    """The content does not belong to the channel."""


def entry(message: Message, channel: ChannelKey, sender: str) -> OutboxEntry:
    """The entry. Raises Unfit, MailRefused or BadSecret, as the real carriers would refuse."""
    match channel, message.content:
        case ChannelKey.EMAIL, EmailContent() as content:
            return _email(message, content, sender)
        case ChannelKey.WEBHOOK, WebhookContent() as content:
            return _webhook(message, content)
        case ChannelKey.SMS, SmsContent(body=body):
            return _entry(message, channel, title="SMS", text=body)
        case ChannelKey.PUSH, PushContent() as content:
            return _entry(
                message,
                channel,
                title=content.title,
                text=content.body,
                data={**content.data, "image": content.image, "link": content.link},
            )
        case ((ChannelKey.IN_APP | ChannelKey.WEBSOCKET), InboxContent() as content):
            data = {**content.data, "link": content.link}
            return _entry(message, channel, title=content.title, text=content.body, data=data)
        case ChannelKey.CHAT, ChatContent() as content:
            return _entry(message, channel, title=content.title or "Chat", text=content.text, data=content.data)
    raise Unfit(f"not content for {channel}")


def _entry(
    message: Message,
    channel: ChannelKey,
    *,
    title: str,
    text: str,
    html: str = "",
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, object] | None = None,
    raw: str = "",
) -> OutboxEntry:
    return OutboxEntry(
        message_id=message.id,
        notification_id=message.notification_id,
        user_id=message.user_id,
        channel=channel.value,
        recipient=message.target.value,
        title=title,
        text=text,
        html=html,
        headers=headers or {},
        data=data or {},
        raw=raw,
    )


def _email(message: Message, content: EmailContent, sender: str) -> OutboxEntry:
    source = build(
        Mail(
            key=message.id,
            sender=sender,
            recipient=message.target.value,
            subject=content.subject,
            text=content.text,
            html=content.html,
            reply_to=content.reply_to,
            headers=content.headers,
            date=datetime.now(UTC),
        )
    )
    headers = {"From": sender, "To": message.target.value, "Message-ID": source.message_id, **content.headers}
    if content.reply_to:
        headers["Reply-To"] = content.reply_to
    return _entry(
        message,
        ChannelKey.EMAIL,
        title=content.subject,
        text=content.text,
        html=content.html,
        headers=headers,
        raw=source.data.decode("utf-8"),
    )


def _webhook(message: Message, content: WebhookContent) -> OutboxEntry:
    request = sign(
        secrets=message.target.extra.get("secret") or SANDBOX_SECRET,
        message_id=message.id,
        event=content.event,
        data=content.data,
        happened_at=message.created_at,
        now=datetime.now(UTC),
    )
    parts = urlsplit(message.target.value)
    headers = {
        "Host": parts.netloc,
        "User-Agent": "Clarion-Webhook/1",
        **request.headers,
        "Content-Length": str(len(request.body)),
    }
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = "\r\n".join([f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())])
    body = request.body.decode("utf-8")
    return _entry(
        message,
        ChannelKey.WEBHOOK,
        title=content.event,
        text=body,
        headers=headers,
        data=content.data,
        raw=f"{head}\r\n\r\n{body}",
    )
