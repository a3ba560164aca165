"""A Web Push account: the VAPID key pair and the URL's options, as types. The private key is never printed."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured
from clarion.providers.vendor_api import number

# Apple refuses what it could not write to: no blanks, no angle brackets, a domain with a dot.
_SUBJECT = re.compile(r"mailto:[^\s<>@]+@[^\s<>@]+\.[^\s<>@.]+|https://[^\s<>@/]+\.[^\s<>@]+")
FOUR_WEEKS = 2_419_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Vapid:
    """The key pair; `public` is what a browser is given as `applicationServerKey`."""

    key: EllipticCurvePrivateKey = field(repr=False)
    public: str
    subject: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebPushOptions:
    """`ttl`: for how many seconds a push service keeps what has no `expires_at`. `timeout` in seconds."""

    ttl: int
    timeout: float
    endpoint: str


def read_vapid(url: AccountUrl) -> Vapid:
    """The keys of the URL. Raises Misconfigured with what to do."""
    subject = url.options.get("subject", "")
    if not _SUBJECT.fullmatch(subject):
        raise Misconfigured("webpush: subject= must be mailto:somebody@your.domain or an https URL; push services ask")
    key = _key(url.options.get("private_key", ""))
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Vapid(key=key, public=urlsafe_b64encode(point).rstrip(b"=").decode(), subject=subject)


def read_options(url: AccountUrl) -> WebPushOptions:
    """The URL's own options. Raises Misconfigured."""
    url.only("private_key", "subject", "ttl", "timeout")
    return WebPushOptions(
        ttl=int(number(url, "ttl", FOUR_WEEKS, low=0, high=FOUR_WEEKS)),
        timeout=number(url, "timeout", 15, low=0.05, high=120),
        endpoint=url.options.get("endpoint", "").rstrip("/"),
    )


def _key(text: str) -> EllipticCurvePrivateKey:
    bare = text.strip().rstrip("=")
    try:
        raw = urlsafe_b64decode(bare.encode("ascii") + b"=" * (-len(bare) % 4))
        if len(raw) == 32:
            return derive_private_key(int.from_bytes(raw, "big"), SECP256R1())
    except (NotBase64, ValueError):
        pass
    raise Misconfigured(
        "webpush: private_key= must be the private VAPID key in base64url; `clarion vapid` makes a pair"
    )
