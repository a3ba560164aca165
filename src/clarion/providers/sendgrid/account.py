"""What a `sendgrid://` URL says, read once into a type. No connection is made here."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.egress.mime_headers import MailRefused, encode_sender

OPTIONS = ("from", "categories", "verification_key", "region", "sandbox", "timeout")
HOMES: Mapping[str, str] = {"global": "https://api.sendgrid.com", "eu": "https://api.eu.sendgrid.com"}
MOST_CATEGORIES = 10
LONGEST_CATEGORY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGridAccount:
    """An API key, and as whom to send."""

    key: str = field(repr=False)
    home: str
    sender: Mapping[str, str] = field(repr=False)
    categories: tuple[str, ...] = ()
    sandbox: bool = False


def read_account(url: AccountUrl, host: Host) -> SendGridAccount:
    """Raises Misconfigured for what cannot work, in words that repeat no secret."""
    url.only(*OPTIONS)
    key = url.username or url.password
    if not key:
        raise Misconfigured("sendgrid: the URL needs an API key: write sendgrid://SG.xxxx@")
    region = url.options.get("region", "global")
    if region not in HOMES:
        raise Misconfigured("sendgrid: region= must be global or eu")
    sandbox = url.options.get("sandbox", "no")
    if sandbox not in ("yes", "no"):
        raise Misconfigured("sendgrid: sandbox= must be yes or no")
    categories = tuple(filter(None, url.options.get("categories", "").split(",")))
    if len(categories) > MOST_CATEGORIES or not all(map(is_category, categories)):
        raise Misconfigured("sendgrid: categories= are at most 10 ASCII names of at most 255 characters")
    return SendGridAccount(
        key=key,
        home=HOMES[region],
        sender=_sender(url.options.get("from") or host.sender_email),
        categories=categories,
        sandbox=sandbox == "yes",
    )


def is_category(text: str) -> bool:
    """Whether SendGrid takes this as a category."""
    return text.isascii() and text.isprintable() and 0 < len(text) <= LONGEST_CATEGORY


def read_verification_key(url: AccountUrl) -> ec.EllipticCurvePublicKey | None:
    """The `verification_key=` option as SendGrid shows it (base64). Raises Misconfigured."""
    text = url.options.get("verification_key", "").replace(" ", "+")  # an unescaped + in a query string is a blank
    if not text:
        return None
    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except ValueError:
        key = None
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise Misconfigured("sendgrid: verification_key= is not the key shown under Signed Event Webhook")
    return key


def named(text: str) -> dict[str, str]:
    """`Name <address>` as SendGrid writes it. Raises MailRefused."""
    address = encode_sender(text)
    if address.needs_smtputf8:
        raise MailRefused("the address must be ASCII before the @", is_address=True)
    name = parseaddr(text)[0]
    return {"email": address.bare, "name": name} if name else {"email": address.bare}


def _sender(text: str) -> Mapping[str, str]:
    try:
        return named(text)
    except MailRefused:
        raise Misconfigured("sendgrid: from= is not a mail address SendGrid can send from") from None
