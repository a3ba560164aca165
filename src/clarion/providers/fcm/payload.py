"""From a message to the body of `messages:send`. What it means is in the vendor's reference:
https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages (read 2026-11-20; `fid` beside `token`).
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from clarion.contract.content import PushContent
from clarion.contract.message import Message
from clarion.providers.fcm.account import FcmOptions

LONGEST_TTL = timedelta(weeks=4)
HIGH, LOW = 2, 4
LABEL = re.compile(r"[a-zA-Z0-9\-_.~%]{1,50}")
RESERVED = ("google", "gcm")
Json = dict[str, object]


class ReservedKey(ValueError):
    """The data has a key that FCM keeps for itself."""


def body(message: Message, content: PushContent, options: FcmOptions, now: datetime) -> bytes:
    """The request as JSON. Raises ReservedKey, or TypeError and ValueError for data that is no JSON."""
    notification = {"title": content.title, "body": content.body}
    if content.image:
        notification["image"] = content.image
    sent: Json = {
        "fid" if message.target.kind == "fid" else "token": message.target.value,
        "notification": notification,
        "data": _data(message, content),
        "android": _android(message, content, options, now),
        "apns": _apns(message, content, options),
        "webpush": _webpush(message, content, now),
    }
    if LABEL.fullmatch(message.category):
        sent["fcm_options"] = {"analytics_label": message.category}
    request: Json = {"message": sent}
    if options.dry_run:
        request["validate_only"] = True
    return msgspec.json.encode(request)


def _data(message: Message, content: PushContent) -> dict[str, str]:
    """FCM carries text only, so what is not text travels as JSON. Our id lets the app tell a repeat."""
    data = {"notification_id": message.notification_id}
    if content.link:
        data["link"] = content.link
    for key, value in content.data.items():
        if key in ("from", "message_type") or key.startswith(RESERVED):
            raise ReservedKey
        data[key] = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return data


def _android(message: Message, content: PushContent, options: FcmOptions, now: datetime) -> Json:
    shown = {"sound": options.sound} if options.sound else {}
    if options.android_channel:
        shown["channel_id"] = options.android_channel
    shown["tag"] = content.collapse or message.notification_id  # a repeat takes the place of the first
    found: Json = {"priority": "HIGH" if message.priority <= HIGH else "NORMAL", "notification": shown}
    if content.collapse:
        found["collapse_key"] = content.collapse
    if message.expires_at is not None:
        found["ttl"] = f"{_seconds_left(message.expires_at, now)}s"
    return found


def _apns(message: Message, content: PushContent, options: FcmOptions) -> Json:
    headers = {"apns-priority": "5" if message.priority >= LOW else "10"}
    if message.expires_at is not None:
        headers["apns-expiration"] = str(int(message.expires_at.timestamp()))
    headers["apns-collapse-id"] = content.collapse or message.notification_id
    aps: Json = {"sound": options.sound} if options.sound else {}
    if content.image:
        aps["mutable-content"] = 1  # so that the app's extension may fetch the picture
    return {"headers": headers, "payload": {"aps": aps}}


def _webpush(message: Message, content: PushContent, now: datetime) -> Json:
    headers: dict[str, str] = {"Urgency": _urgency(message.priority)}
    if message.expires_at is not None:
        headers["TTL"] = str(_seconds_left(message.expires_at, now))
    found: Json = {"headers": headers}
    if content.link.startswith("https://"):
        found["fcm_options"] = {"link": content.link}
    return found


def _urgency(priority: int) -> str:
    return "high" if priority <= HIGH else "low" if priority >= LOW else "normal"


def _seconds_left(end: datetime, now: datetime) -> int:
    return int(min(max(end - now, timedelta(0)), LONGEST_TTL).total_seconds())


def probe_body() -> bytes:
    """A message that Google checks and delivers to nobody."""
    probed: Mapping[str, object] = {"validate_only": True, "message": {"topic": "clarion-probe"}}
    return msgspec.json.encode(probed)
