"""Device tokens of each kind: what a well-formed one looks like, in one normal form so that the same device is known as
one. Whether it is alive, only its vendor knows."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from clarion.channels.errors import InvalidValue
from clarion.channels.push import parse_token

# Apple: "don't assume a fixed size"; today 32 bytes. Firebase: 17 bytes in base64 without the last sign.
_APNS = re.compile(r"(?:[0-9a-f]{2}){16,200}", re.IGNORECASE)
_FID = re.compile(r"[A-Za-z0-9_-]{22}")
_POINT_BYTES, _AUTH_BYTES = 65, 16
_ENDPOINT_LENGTH = 2048


class _Keys(msgspec.Struct, frozen=True):
    p256dh: str
    auth: str


class _Written(msgspec.Struct, frozen=True):
    """A browser's `JSON.stringify(subscription)`; `expirationTime` and whatever else comes is left out."""

    endpoint: str
    keys: _Keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A browser subscription: where to post, the browser's public key (an uncompressed point) and its secret."""

    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)


def parse_device_token(kind: str, value: str) -> str:
    """The token in its normal form, or InvalidValue. `kind` is one of the token kinds of people's devices."""
    match kind:
        case "webpush":
            return _normal_subscription(value)
        case "apns":
            return _shaped(_APNS, parse_token(value), "an APNs token is the device token's bytes in hex").lower()
        case "fid":
            return _shaped(_FID, parse_token(value), "a Firebase installation id has 22 letters, digits, - and _")
    return parse_token(value)


def parse_subscription(text: str) -> Subscription:
    """A browser subscription, checked but for its key being on the curve (whoever encrypts finds out). Raises
    InvalidValue, which repeats nothing of it."""
    try:
        written = msgspec.json.decode(text, type=_Written)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        raise _invalid("give the subscription as JSON.stringify(subscription) writes it") from None
    return Subscription(
        endpoint=_endpoint(written.endpoint),
        p256dh=_bytes(written.keys.p256dh, _POINT_BYTES, "keys.p256dh"),
        auth=_bytes(written.keys.auth, _AUTH_BYTES, "keys.auth"),
    )


def _normal_subscription(text: str) -> str:
    found = parse_subscription(text)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), found.p256dh)
    except ValueError:
        raise _invalid("keys.p256dh is not a point on the curve P-256") from None
    normal = _Written(endpoint=found.endpoint, keys=_Keys(p256dh=_text(found.p256dh), auth=_text(found.auth)))
    return parse_token(msgspec.json.encode(normal).decode())


def _endpoint(url: str) -> str:
    try:
        parts = urlsplit(url)
        proper = parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        proper = False
    if not proper or len(url) > _ENDPOINT_LENGTH or any(not "!" <= char <= "~" for char in url):
        raise _invalid(f"endpoint must be an https URL of at most {_ENDPOINT_LENGTH} characters")
    return url


def _bytes(text: str, length: int, name: str) -> bytes:
    bare = text.rstrip("=")
    try:
        # translated, for some libraries write the plain alphabet
        raw = urlsafe_b64decode(bare.translate(_PLAIN).encode("ascii") + b"=" * (-len(bare) % 4))
    except (NotBase64, ValueError):
        raw = b""
    if len(raw) != length:
        raise _invalid(f"{name} must be {length} bytes in base64url")
    return raw


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


_PLAIN = str.maketrans("+/", "-_")


def _shaped(form: re.Pattern[str], token: str, says: str) -> str:
    if not form.fullmatch(token):
        raise _invalid(says)
    return token


def _invalid(says: str) -> InvalidValue:
    return InvalidValue("invalid_token", says)
