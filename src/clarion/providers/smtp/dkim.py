"""DKIM signatures of our own (RFC 6376): rsa-sha256, relaxed/relaxed. For relays that do not sign; dkimpy verifies
them in the tests.

dkimpy itself signs in pure Python, at 7 ms a mail; this takes what the RSA operation takes.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from clarion.contract.account import AccountUrl
from clarion.contract.account_file import read_account_file
from clarion.contract.faults import Misconfigured

OPTIONS = ("dkim_selector", "dkim_key", "dkim_domain")
FEWEST_BITS = 1024
KEY_BYTES = 65_536
# Signed where they are there. RFC 8058 wants both List-Unsubscribe headers under the signature.
SIGNED = (
    *("from", "reply-to", "subject", "date", "to", "message-id", "mime-version", "content-type"),
    *("content-transfer-encoding", "list-unsubscribe", "list-unsubscribe-post", "list-id", "auto-submitted"),
    *("feedback-id", "in-reply-to", "references"),
)
# Named once more than they are there, so that none can be added on the way (RFC 6376, 8.15).
SEALED = ("from", "to", "subject", "reply-to")
_BLANKS = re.compile(rb"[ \t]+")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimSigner:
    """A domain's key. `prefix` is the part of the header that is the same for every mail."""

    key: rsa.RSAPrivateKey = field(repr=False)
    prefix: bytes

    def sign(self, source: bytes, *, now: datetime) -> bytes:
        """The source with a DKIM-Signature before it. The source has CRLF line ends."""
        head, _, body = source.partition(b"\r\n\r\n")
        fields = _relaxed_headers(head)
        present = [name for name in SIGNED if name.encode() in fields]
        names = ":".join([*present, *SEALED])
        signature = self.prefix + (
            f" t={int(now.timestamp())};\r\n h={_folded(names)};\r\n bh={_body_hash(body)};\r\n b="
        ).encode("ascii")
        to_sign = b"".join(name.encode() + b":" + fields[name.encode()] + b"\r\n" for name in present)
        to_sign += b"dkim-signature:" + _relaxed_value(signature.partition(b":")[2])
        signed = b64encode(self.key.sign(to_sign, padding.PKCS1v15(), hashes.SHA256()))
        lines = b"\r\n ".join(signed[at : at + 72] for at in range(0, len(signed), 72))
        return signature + lines + b"\r\n" + source


def read_signer(url: AccountUrl, sender_domain: str) -> DkimSigner | None:
    """The signer that the options ask for; none without them. Raises Misconfigured."""
    if not any(option in url.options for option in OPTIONS):
        return None
    selector, path = url.options.get("dkim_selector", ""), url.options.get("dkim_key", "")
    domain = (url.options.get("dkim_domain") or sender_domain).lower()
    if not path or not _is_name(selector):
        raise Misconfigured("smtp: DKIM needs dkim_selector=, the name in DNS, and dkim_key=, a file with the key")
    if not _is_name(domain) or not (sender_domain == domain or sender_domain.endswith(f".{domain}")):
        raise Misconfigured("smtp: dkim_domain= must be the sender's domain, or one above it")
    prefix = f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d={domain}; s={selector};".encode("ascii")
    return DkimSigner(key=_read_key(path), prefix=prefix)


def _is_name(text: str) -> bool:
    return all(_LABEL.fullmatch(label) for label in text.split("."))


def _read_key(path: str) -> rsa.RSAPrivateKey:
    try:
        key = load_pem_private_key(read_account_file(path, KEY_BYTES), password=None)
    except OSError as error:
        raise Misconfigured(f"smtp: dkim_key= names no file that can be read ({error.strerror})") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misconfigured("smtp: dkim_key= is not a private key in PEM form without a passphrase") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < FEWEST_BITS:
        raise Misconfigured("smtp: dkim_key= must be an RSA key of at least 1024 bits (2048 is usual)")
    return key


def _relaxed_headers(head: bytes) -> dict[bytes, bytes]:
    """Name → value in relaxed form; our mails have each header once."""
    fields: dict[bytes, bytes] = {}
    for line in head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = _relaxed_value(value)
    return fields


def _relaxed_value(value: bytes) -> bytes:
    return _BLANKS.sub(b" ", value.replace(b"\r\n", b"")).strip()


def _body_hash(body: bytes) -> str:
    if b"  " in body or b" \r\n" in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n")
    if body.endswith((b"\r\n\r\n", b" ")) or body == b"\r\n":
        body = body.rstrip(b"\r\n ")
        body += b"\r\n" if body else b""
    elif body and not body.endswith(b"\r\n"):
        body += b"\r\n"
    return b64encode(sha256(body).digest()).decode("ascii")


def _folded(names: str) -> str:
    """The list of names on lines of a mail's usual length; blanks around a colon are allowed."""
    lines = [""]
    for name in names.split(":"):
        if len(lines[-1]) + len(name) > 66:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n  ".join(lines).rstrip(":")
