"""From a message to a request: the payload, and the headers beside it.

https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns and
https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification (read 2026-11-20).
"""

from uuid import UUID, uuid5

import msgspec

from clarion.contract.content import PushContent
from clarion.contract.message import Message
from clarion.providers.apns.account import ApnsOptions, PushType

PAYLOAD_BYTES = 4096
LOW = 4
OURS = UUID("6c0e5d6e-3f0b-5c7e-9a52-8b1b7c5b1f0a")
Header = tuple[bytes, bytes]


class ReservedKey(ValueError):
    """The data has the key `aps`, which is Apple's."""


def body(message: Message, content: PushContent, options: ApnsOptions) -> bytes:
    """The payload as JSON. Raises ReservedKey, or TypeError and ValueError for data that is no JSON."""
    if "aps" in content.data:
        raise ReservedKey
    payload: dict[str, object] = {"aps": _aps(content, options), "notification_id": message.notification_id}
    if content.link:
        payload["link"] = content.link
    if content.image:
        payload["image"] = content.image
    payload.update(content.data)
    return msgspec.json.encode(payload)


def _aps(content: PushContent, options: ApnsOptions) -> dict[str, object]:
    if options.push_type is PushType.BACKGROUND:
        return {"content-available": 1}
    aps: dict[str, object] = {"alert": {"title": content.title, "body": content.body}}
    if options.sound:
        aps["sound"] = options.sound
    if content.image:
        aps["mutable-content"] = 1  # so that the app's extension may fetch the picture
    return aps


def topic(message: Message, options: ApnsOptions) -> str:
    """The device's app where the account names it, else the account's first."""
    app = message.target.extra.get("app", "")
    return app if app in options.topics else options.topics[0]


def fixed(message: Message, options: ApnsOptions, token: str) -> list[Header]:
    """Headers that are the same for many messages."""
    slow = message.priority >= LOW or options.push_type is PushType.BACKGROUND
    return [
        (b"authorization", b"bearer " + token.encode()),
        (b"apns-topic", topic(message, options).encode()),
        (b"apns-push-type", options.push_type.encode()),
        (b"apns-priority", b"5" if slow else b"10"),
    ]


def varied(message: Message, content: PushContent) -> list[Header]:
    """Headers of this message. Without a `collapse` of its own, a repeat takes the place of the first."""
    headers = [
        (b"apns-id", apns_id(message).encode()),
        (b"apns-collapse-id", (content.collapse or message.notification_id)[:64].encode("ascii", "ignore")),
    ]
    if message.expires_at is not None:
        headers.append((b"apns-expiration", str(max(int(message.expires_at.timestamp()), 0)).encode()))
    return headers


def apns_id(message: Message) -> str:
    """Our id as the UUID that Apple asks for; the same for each attempt."""
    try:
        return str(UUID(message.id))
    except ValueError:
        return str(uuid5(OURS, message.id))
