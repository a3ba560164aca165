"""The envelope in which Amazon SNS delivers: is it genuine, is it from a topic we know, what is in it.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html (read 2026-11): versions 1 (SHA-1) and
2 (SHA-256) over named fields; the certificate is fetched from SNS' own host in the topic's region. SHA-1 is old, but
what is signed with it is chosen by AWS, and topics still start with version 1.
"""

import re
import time
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from clarion.contract.faults import Unreachable
from clarion.contract.feedback import Callback, Forged

# SNS gives up on an HTTPS endpoint within the hour, unless its policy says otherwise; a re-driven message is older.
OLDEST = timedelta(hours=26)
NEWEST = timedelta(minutes=15)
MOST_BYTES = 300_000  # SNS carries 256 KB
_HOST = re.compile(r"sns\.[a-z]{2}(-[a-z]+)+-\d{1,2}\.amazonaws\.com(\.cn)?")
_CERTIFICATE_PATH = re.compile(r"/SimpleNotificationService-[0-9a-zA-Z]+\.pem")
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}

Fetch = Callable[[str], bytes]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery of SNS. Names are SNS' own."""

    Type: str
    MessageId: str
    TopicArn: str
    Message: str
    Timestamp: str
    SignatureVersion: str
    Signature: str
    SigningCertURL: str
    Subject: str | None = None
    Token: str | None = None
    SubscribeURL: str | None = None

    @property
    def is_subscription(self) -> bool:
        return self.Type == "SubscriptionConfirmation"


def read(callback: Callback) -> Envelope:
    """Raises Forged for what is no envelope of SNS."""
    if len(callback.body) > MOST_BYTES:
        raise Forged("larger than anything SNS delivers")
    try:
        return msgspec.json.decode(callback.body, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Forged("not an SNS message (raw message delivery must be off)") from None


class Notary:
    """Verifies envelopes; keeps certificates for a day. After a fetch that failed it rests, so that invented
    certificate names cannot make us call SNS again and again."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, tuple[float, rsa.RSAPublicKey]] = {}
        self._resting_until = 0.0

    def verify(self, envelope: Envelope, *, topics: frozenset[str], now: datetime) -> None:
        """Raise Forged unless SNS signed it for one of our topics, lately; Unreachable without a certificate. What
        costs nothing is asked first."""
        if envelope.TopicArn not in topics:
            raise Forged("the topic is not in topic=" if topics else "no topic= is configured: nobody may report")
        _check_age(envelope.Timestamp, now)
        algorithm = _HASHES.get(envelope.SignatureVersion)
        if algorithm is None or envelope.Type not in _SIGNED:
            raise Forged("a signature version or type that SNS does not have")
        _check_certificate_url(envelope.SigningCertURL, envelope.TopicArn)
        try:
            signature = b64decode(envelope.Signature, validate=True)
        except ValueError:
            raise Forged("the signature is not base64") from None
        key = self._key(envelope.SigningCertURL, now)
        try:
            key.verify(signature, string_to_sign(envelope), padding.PKCS1v15(), algorithm())
        except InvalidSignature:
            raise Forged("the signature is wrong") from None

    def _key(self, url: str, now: datetime) -> rsa.RSAPublicKey:
        at = self._clock()
        known = self._known.get(url)
        if known is not None and at - known[0] < 86_400:
            return known[1]
        if at < self._resting_until:
            raise Unreachable("the certificate of SNS cannot be had now")
        try:
            certificate = x509.load_pem_x509_certificate(self._fetch(url))
        except (Unreachable, ValueError):
            self._resting_until = at + 5
            raise Unreachable("the certificate of SNS cannot be had now") from None
        key = certificate.public_key()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise Forged("the certificate is out of date")
        if not isinstance(key, rsa.RSAPublicKey):
            raise Forged("the certificate has no RSA key")
        if len(self._known) >= 8:
            self._known.clear()
        self._known[url] = (at, key)
        return key


def string_to_sign(envelope: Envelope) -> bytes:
    """Name and value of each signed field that is there, a line each."""
    fields = ((name, getattr(envelope, name)) for name in _SIGNED[envelope.Type])
    return "".join(f"{name}\n{value}\n" for name, value in fields if value is not None).encode()


def check_url(url: str, topic: str) -> None:
    """Raise Forged unless this is https at SNS' own host in the topic's region."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.port in (None, 443) and "@" not in parts.netloc
    except ValueError:
        raise Forged("not a URL of SNS") from None
    host = (parts.hostname or "").lower()
    if not plain or not _HOST.fullmatch(host) or host.split(".")[1] != topic.split(":")[3]:
        raise Forged("not a URL of SNS in the topic's region")


def _check_certificate_url(url: str, topic: str) -> None:
    """Raise Forged unless it is a certificate of SNS, written in the one way there is: with a query, say, each callback
    could name the same one anew and have it fetched."""
    check_url(url, topic)
    parts = urlsplit(url)
    if not _CERTIFICATE_PATH.fullmatch(parts.path) or url != f"https://{parts.hostname}{parts.path}":
        raise Forged("the certificate is not one of SNS")


def check_subscribe_url(url: str, topic: str) -> None:
    """Raise Forged unless calling this confirms a subscription to this topic, and does nothing else."""
    check_url(url, topic)
    asked = parse_qs(urlsplit(url).query)
    if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [topic]:
        raise Forged("the URL confirms something else")


def _check_age(timestamp: str, now: datetime) -> None:
    try:
        written = datetime.fromisoformat(timestamp)
    except ValueError:
        raise Forged("no timestamp") from None
    age = now - (written if written.tzinfo else written.replace(tzinfo=UTC))
    if not -NEWEST <= age <= OLDEST:
        raise Forged("too old, or from the future")
