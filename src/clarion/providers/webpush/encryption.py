"""Encrypting for one browser: RFC 8291 (keys) and RFC 8188 (aes128gcm, one record). No network, no policy.

HKDF with one block of output is two HMACs, and `hmac.digest` makes each in two microseconds: the curve dominates.
"""

import hmac
from os import urandom

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = SECP256R1()
RECORD = 4096
HEADER = 16 + 4 + 1 + 65
MOST_PLAIN = RECORD - HEADER - 16 - 1
"""What fits the 4096 bytes that every push service takes (RFC 8030, 7.2): header, tag and delimiter take the rest."""

_LAST = b"\x02"
_SIZES = RECORD.to_bytes(4, "big") + b"\x41"


def encrypt(plain: bytes, *, receiver: bytes, auth: bytes) -> bytes:
    """The body of the push: a fresh key pair and salt each time. Raises ValueError for a key that is not on the curve
    or a text above MOST_PLAIN."""
    if len(plain) > MOST_PLAIN:
        raise ValueError("too large")
    salt = urandom(16)
    sender = generate_private_key(CURVE)
    public = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = sender.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(CURVE, receiver))
    material = _expand(_hmac(auth, shared), b"WebPush: info\0" + receiver + public)
    secret = _hmac(salt, material)
    key = _expand(secret, b"Content-Encoding: aes128gcm\0")[:16]
    nonce = _expand(secret, b"Content-Encoding: nonce\0")[:12]
    return b"".join((salt, _SIZES, public, AESGCM(key).encrypt(nonce, plain + _LAST, None)))


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _expand(key: bytes, info: bytes) -> bytes:
    return _hmac(key, info + b"\x01")
