"""Standard Webhooks 1.0.0: the request a webhook consists of, signed. Sending it is the provider's."""

import binascii
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from secrets import token_bytes

import msgspec
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

_REMEMBERED = 4_096


class BadSecret(ValueError):
    """The signing secret is missing or not base64; the text does not repeat it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """Body and headers of one webhook call, ready to be posted."""

    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


@lru_cache(maxsize=_REMEMBERED)
def _keys(secrets: str) -> tuple[Webhook, ...]:
    try:
        keys = tuple(Webhook(secret) for secret in secrets.split())
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        raise BadSecret("the webhook's signing secret must be base64, with or without whsec_") from None
    if not keys:
        raise BadSecret("the webhook has no signing secret: give it one")
    return keys


def sign(
    *,
    secrets: str,
    message_id: str,
    event: str,
    data: Mapping[str, object],
    happened_at: datetime,
    now: datetime,
) -> SignedRequest:
    """The signed request. `secrets` is one or several, separated by blanks (rotation): one signature each.

    `message_id` stays the same over retries, `now` is the attempt's own time. Raises BadSecret.
    """
    keys = _keys(secrets)
    timestamp = happened_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    body = msgspec.json.encode({"type": event, "timestamp": timestamp, "data": data})
    text, at = body.decode(), now.astimezone(UTC)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(key.sign(message_id, at, text) for key in keys),
    }
    return SignedRequest(body=body, headers=headers)


def new_secret() -> str:
    """A fresh signing secret in the written form of Standard Webhooks."""
    return "whsec_" + b64encode(token_bytes(32)).decode()
