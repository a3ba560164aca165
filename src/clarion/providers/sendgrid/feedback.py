"""SendGrid's ear: the signed Event Webhook. What the events mean is `events`.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
(read 2026-11): ECDSA over the timestamp header and the raw body. Without a key nothing is accepted.
"""

from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Callback, Forged, Reported
from clarion.contract.host import Host
from clarion.providers.sendgrid.account import OPTIONS, read_verification_key
from clarion.providers.sendgrid.events import parse_events

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
OLDEST = timedelta(hours=26)  # SendGrid tries again for 24 hours
NEWEST = timedelta(minutes=15)


class SendGridFeedback:
    """One account's ear."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only(*OPTIONS)
        self._key = read_verification_key(url)

    def verify(self, callback: Callback) -> None:
        """SendGrid signed these bytes, lately. Raises Forged."""
        if self._key is None:
            raise Forged("no verification_key= is configured: nobody may report")
        timestamp = callback.headers.get(TIMESTAMP, "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            raise Forged("no timestamp")
        age = timedelta(seconds=callback.received_at.timestamp() - int(timestamp))
        if not -NEWEST <= age <= OLDEST:
            raise Forged("too old, or from the future")
        try:
            signature = b64decode(callback.headers.get(SIGNATURE, ""), validate=True)
            self._key.verify(signature, timestamp.encode() + callback.body, ec.ECDSA(hashes.SHA256()))
        except (ValueError, InvalidSignature):
            raise Forged("the signature is wrong") from None

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """The events of one delivery. Raises Malformed."""
        return parse_events(callback.body)

    def acknowledge(self, callback: Callback) -> None:
        """SendGrid wants nothing but the answer."""
