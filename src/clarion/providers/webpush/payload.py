"""What a service worker is given, and the headers beside it (RFC 8030: TTL, Urgency, Topic)."""

import re
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from clarion.contract.content import PushContent
from clarion.contract.message import Message

HIGH, LOW = 2, 4
# RFC 8030 allows base64url, Mozilla letters and digits only
_TOPIC = re.compile(r"[A-Za-z0-9]{1,32}")


def body(message: Message, content: PushContent) -> bytes:
    """The text to encrypt: JSON with the message's fields, its id and a `tag`, by which browsers replace. Raises
    TypeError or ValueError for data that is no JSON."""
    shown: dict[str, object] = {
        "title": content.title,
        "body": content.body,
        "notification_id": message.notification_id,
        "tag": content.collapse or message.notification_id,
    }
    if content.link:
        shown["link"] = content.link
    if content.image:
        shown["image"] = content.image
    if content.data:
        shown["data"] = content.data
    return msgspec.json.encode(shown)


def headers(message: Message, content: PushContent, *, ttl: int, now: datetime) -> dict[str, str]:
    """What tells the push service how long and how urgently to try, and what to replace."""
    urgency = "high" if message.priority <= HIGH else "low" if message.priority >= LOW else "normal"
    found = {"TTL": str(_seconds(message, ttl, now)), "Urgency": urgency}
    if content.collapse:
        found["Topic"] = topic(content.collapse)
    return found


def topic(collapse: str) -> str:
    """At most 32 letters and digits: as it stands where it fits, else a digest of it."""
    return collapse if _TOPIC.fullmatch(collapse) else sha256(collapse.encode()).hexdigest()[:32]


def _seconds(message: Message, ttl: int, now: datetime) -> int:
    if message.expires_at is None:
        return ttl
    return int(min(max(message.expires_at - now, timedelta(0)), timedelta(weeks=4)).total_seconds())
