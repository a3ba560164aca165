"""Rendered content, one type a channel. Built through `clarion.channels`, which checks the limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent:
    """`headers` are extra ones (List-Unsubscribe …), already checked to be one line each."""

    subject: str
    text: str
    html: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsContent:
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushContent:
    """Of messages with the same `collapse`, a device that was away or has not been looked at shows the last one."""

    title: str
    body: str
    image: str = ""
    link: str = ""
    collapse: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxContent:
    """In-app and WebSocket. `group`: items of one group may be listed as one."""

    title: str
    body: str
    link: str = ""
    group: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookContent:
    """`event` is the Standard Webhooks type; the request body is `{"type", "timestamp", "data"}`."""

    event: str
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatContent:
    text: str
    title: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


Content = EmailContent | SmsContent | PushContent | InboxContent | WebhookContent | ChatContent
