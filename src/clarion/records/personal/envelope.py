"""Sealing: AES-256-GCM with the key's id in the ciphertext and the place bound into it.

Layout: 1 byte version, 4 bytes key id, 12 bytes nonce, ciphertext with its tag. The additional data names table,
row and column, so a value moved to another row or column does not open.
"""

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"
_HEADER = 1 + 4
_NONCE = 12


class Undecryptable(Exception):
    """A sealed value cannot be opened: its key is gone from the ring, or it was altered or moved."""


class InvalidKey(ValueError):
    """CLARION_ENCRYPTION_KEYS holds something that is not a 32-byte key in urlsafe base64."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring; its id is public, everything else is not."""

    id: bytes
    cipher: AESGCM = field(repr=False)
    index: bytes = field(repr=False)


def parse_key(text: str) -> Key:
    """A key from its written form; raises InvalidKey."""
    try:
        secret = urlsafe_b64decode(text.strip() + "=" * (-len(text.strip()) % 4))
    except ValueError as error:
        raise InvalidKey("an encryption key is not urlsafe base64") from error
    if len(secret) != 32:
        raise InvalidKey("an encryption key must be 32 bytes long")
    index = HKDF(SHA256(), 32, salt=None, info=b"clarion lookup hash v1").derive(secret)
    return Key(hashlib.sha256(b"clarion key id" + secret).digest()[:4], AESGCM(secret), index)


class KeyRing:
    """Keys newest first: the first seals, all open."""

    def __init__(self, keys: str) -> None:
        ring = [parse_key(part) for part in keys.split(",") if part.strip()]
        if not ring:
            raise InvalidKey("no encryption key is set")
        self.newest = ring[0]
        self.by_id: Mapping[bytes, Key] = {key.id: key for key in ring}
        if len(self.by_id) != len(ring):
            raise InvalidKey("the same encryption key is listed twice")

    def seal(self, plain: bytes, place: bytes) -> bytes:
        """Seal `plain` for the place it will stand in."""
        nonce = os.urandom(_NONCE)
        return VERSION + self.newest.id + nonce + self.newest.cipher.encrypt(nonce, plain, place)

    def open(self, sealed: bytes, place: bytes) -> bytes:
        """The plain bytes; raises Undecryptable."""
        if sealed[:1] != VERSION or len(sealed) < _HEADER + _NONCE + 16:
            raise Undecryptable("the value is not in the sealed form")
        key = self.by_id.get(sealed[1:_HEADER])
        if key is None:
            raise Undecryptable("the key of this value is not in CLARION_ENCRYPTION_KEYS; add it back and rotate")
        nonce = sealed[_HEADER : _HEADER + _NONCE]
        try:
            return key.cipher.decrypt(nonce, sealed[_HEADER + _NONCE :], place)
        except InvalidTag as error:
            raise Undecryptable("the value was altered or belongs to another row") from error

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the value is already sealed with the newest key."""
        return sealed[1:_HEADER] == self.newest.id

    def lookup_hash(self, kind: str, value: str) -> bytes:
        """Keyed hash under the newest key; `kind` keeps an email apart from a phone of the same text."""
        return _keyed_hash(self.newest, kind, value)

    def lookup_hashes(self, kind: str, value: str) -> list[bytes]:
        """The hashes under every key of the ring, for look-ups while a rotation is under way."""
        return [_keyed_hash(key, kind, value) for key in self.by_id.values()]


def _keyed_hash(key: Key, kind: str, value: str) -> bytes:
    # nobody has two mailboxes that differ in case alone; people type theirs as they like
    value = value.lower() if kind == "email" else value
    return hmac.digest(key.index, f"{kind}\0{value}".encode(), "sha256")


def place_of(table: str, row: object, column: str) -> bytes:
    """The additional data of one cell."""
    return f"{table}|{row}|{column}".encode()
