"""Amazon SNS' side of a callback on loopback: signs envelopes as SNS does, serves its certificate, is asked to confirm.

Real signatures with a key made on the spot. `fetch` stands in for the way to SNS: the same path, but to loopback.
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from urllib.request import urlopen

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from clarion.testing.simulators.simulator import Simulator

TOPIC = "arn:aws:sns:eu-west-1:123456789012:clarion"
HOME = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"{HOME}/SimpleNotificationService-0123456789abcdef.pem"
CONFIRM = (
    f"{HOME}/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aclarion&Token=2336412f37"
)
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class SnsSimulator(Simulator):
    """`asked` are the paths and queries that came; `at` is the time of what it signs."""

    def __init__(self, *, at: datetime, key: rsa.RSAPrivateKey | None = None, until: datetime | None = None) -> None:
        super().__init__()
        self.at = at
        self.key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.pem = self._certificate(until or at + timedelta(days=30))
        self.asked: list[str] = []

    def _certificate(self, until: datetime) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        validity = builder.not_valid_before(self.at - timedelta(days=30)).not_valid_after(until).serial_number(1)
        return validity.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/{path:.*}", self._get),)

    async def _get(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        return web.Response(body=self.pem)

    def fetch(self, url: str) -> bytes:
        """What SNS would answer under this URL of its own."""
        parts = urlsplit(url)
        with urlopen(f"{self.url}{parts.path}?{parts.query}") as answer:  # noqa: S310  our own loopback address
            return bytes(answer.read())

    def sign(self, message: str, *, version: str = "2", **fields: str) -> dict[str, str]:
        """An envelope with this message; `fields` replace what SNS would write, before signing."""
        envelope = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": message,
            "Timestamp": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE,
            "UnsubscribeURL": f"{HOME}/?Action=Unsubscribe",
            **fields,
        }
        names = NOTIFICATION if envelope["Type"] == "Notification" else CONFIRMATION
        text = "".join(f"{name}\n{envelope[name]}\n" for name in names if name in envelope)
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303  version 1 is what it is
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {**envelope, "Signature": b64encode(signature).decode()}

    def confirmation(self, **fields: str) -> dict[str, str]:
        """What a new subscriber is sent."""
        given = {"Type": "SubscriptionConfirmation", "Token": "2336412f37", "SubscribeURL": CONFIRM, **fields}
        return self.sign("You have chosen to subscribe to the topic.", **given)
