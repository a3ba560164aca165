"""Header fields of a mail: encoding, folding, and what is refused. Pure.

Every value is checked for line breaks in the widest sense (faults of header injection), so that no caller can slip
a field or a recipient in. RFC 5322 (lines), RFC 2047 (encoded words), RFC 6532 (addresses outside ASCII).
"""

import base64
import re
from dataclasses import dataclass, field
from email.utils import formatdate, parseaddr
from functools import lru_cache

import idna

# Control characters and everything some parser takes for a line break (VT, FF, FS, GS, RS, NEL, LS, PS).
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS = re.compile(r'[^\s<>()\[\]:;,\\"@]{1,64}@[^\s<>()\[\]:;,\\"@/]{1,253}')
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ .-]*")
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_ALLOWED = frozenset(
    {
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-id",
        "list-help",
        "in-reply-to",
        "references",
        "precedence",
        "auto-submitted",
        "feedback-id",
        "importance",
        "priority",
        "keywords",
        "organization",
    }
)
_SOFT_LINE = 76
_WORD_BYTES = 39  # base64 of 39 bytes is 52 characters; with =?utf-8?b?…?= and "Subject: " that makes 73 of 76


class MailRefused(ValueError):
    """The mail cannot be written down. `address` names what is at fault when it is an address: "sender",
    "recipient"; the text never repeats a value."""

    def __init__(self, message: str, *, is_address: bool = False) -> None:
        super().__init__(message)
        self.is_address = is_address


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address in its wire forms: `bare` for the envelope, `shown` for a header."""

    bare: str = field(repr=False)
    shown: str = field(repr=False)
    domain: str
    needs_smtputf8: bool = False


def check_line(name: str, value: str) -> str:
    """The value, or MailRefused when it holds a control character or a line break of any kind."""
    if _FORBIDDEN.search(value):
        raise MailRefused(f"{name} has a line break or a control character: remove it")
    return value


def encode_address(address: str) -> Address:
    """A bare address. The domain becomes ASCII (IDNA); a local part outside ASCII needs SMTPUTF8."""
    if not _ADDRESS.fullmatch(address) or _FORBIDDEN.search(address):
        raise MailRefused("the address is not a mail address", is_address=True)
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise MailRefused("the address's domain is not a name", is_address=True) from None
    bare = f"{local}@{domain}"
    if len(bare) > 254:
        raise MailRefused("the address is longer than 254 characters", is_address=True)
    return Address(bare=bare, shown=bare, domain=domain, needs_smtputf8=not local.isascii())


@lru_cache(maxsize=1024)
def encode_sender(text: str) -> Address:
    """`Name <address>` or a bare address; cached, for there are few senders."""
    check_line("the sender or reply address", text)
    name, bare = parseaddr(text)
    address = encode_address(bare)
    if not name:
        return address
    if not name.isascii():
        words = "\r\n ".join(_encoded_words(name))
    elif _ATOMS.fullmatch(name) and "=?" not in name and len(name) <= _SOFT_LINE - 8 and "." not in name:
        words = name
    elif len(name) <= _SOFT_LINE - 8 and "=?" not in name:
        words = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    else:
        words = "\r\n ".join(_encoded_words(name))
    return Address(
        bare=address.bare,
        shown=f"{words}\r\n <{address.bare}>" if len(words) + len(address.bare) > 60 else f"{words} <{address.bare}>",
        domain=address.domain,
        needs_smtputf8=address.needs_smtputf8,
    )


def encode_text(name: str, value: str) -> str:
    """Unstructured text for a header: as it is when short ASCII, else RFC 2047 words folded over lines."""
    check_line(name, value)
    if value.isascii() and len(name) + len(value) + 2 <= _SOFT_LINE and "=?" not in value and value == value.strip():
        return value
    return "\r\n ".join(_encoded_words(value))


def _encoded_words(text: str) -> list[str]:
    """RFC 2047 words of at most 75 characters, none of which splits a character."""
    words: list[str] = []
    chunk = b""
    for char in text:
        encoded = char.encode("utf-8")
        if len(chunk) + len(encoded) > _WORD_BYTES:
            words.append(_encoded_word(chunk))
            chunk = b""
        chunk += encoded
    words.append(_encoded_word(chunk))
    return words


def _encoded_word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?="


def extra_header(name: str, value: str) -> str:
    """A header of the caller's own: on the list or X-…; URLs in it must stay whole, so it folds at blanks only."""
    if not _HEADER_NAME.fullmatch(name) or not (name.lower() in _ALLOWED or name.lower().startswith("x-")):
        raise MailRefused("a header is not on the list of headers that may be set")
    check_line(name, value)
    if not value.isascii():
        return f"{name}: {encode_text(name, value)}"
    line = f"{name}: {value}"
    if len(line) <= _SOFT_LINE:
        return line
    folded = line.replace(" <", "\r\n <").replace(f"{name}:\r\n", f"{name}:", 1)
    if any(len(part) > 990 for part in folded.split("\r\n")):
        raise MailRefused(f"{name} is longer than a mail's line may be: shorten it")
    return folded


def message_id_header(key: str, domain: str) -> str:
    """The Message-ID for a key: the same over retries."""
    return f"<{re.sub(r'[^A-Za-z0-9._-]', '-', key)[:128]}@{domain}>"


@lru_cache(maxsize=8)
def mail_date(seconds: int) -> str:
    """The Date header; cached, for many mails are written within a second."""
    return formatdate(seconds, usegmt=True).replace("GMT", "+0000")
