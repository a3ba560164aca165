"""What an `anymail://` URL says, read once into a type. No connection is made here."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.egress.mime_headers import MailRefused, encode_sender
from clarion.providers.anymail.vendors import VENDORS, Vendor

OPTIONS = ("from", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnymailAccount:
    """A service, its settings as Anymail names them, and as whom to send."""

    name: str
    vendor: Vendor
    settings: Mapping[str, str] = field(repr=False)
    proofs: Mapping[str, str] = field(repr=False)
    sender: str = field(repr=False)
    endpoint: str = ""

    @property
    def probe_headers(self) -> dict[str, str]:
        """What the probe is to be asked with."""
        return {name: _filled(text, self.settings) for name, text in self.vendor.probe_headers.items()}


def read_account(url: AccountUrl, host: Host) -> AnymailAccount:
    """Raises Misconfigured for what cannot work, in words that repeat no secret."""
    vendor = VENDORS.get(url.host)
    if vendor is None:
        raise Misconfigured(f"anymail: the URL names no service: write anymail://NAME?…, with {', '.join(VENDORS)}")
    url.only(*OPTIONS, *vendor.required, *vendor.optional, *vendor.feedback_settings)
    missing = [name for name in vendor.required if not url.options.get(name)]
    if missing:
        raise Misconfigured(f"anymail: {url.host} needs {'=, '.join(missing)}=")
    sender = url.options.get("from") or host.sender_email
    try:
        encode_sender(sender)
    except MailRefused:
        raise Misconfigured("anymail: from= is not a mail address") from None
    return AnymailAccount(
        name=url.host,
        vendor=vendor,
        settings=_given(url, (*vendor.required, *vendor.optional)),
        proofs=_given(url, vendor.feedback_settings),
        sender=sender,
        endpoint=url.options.get("endpoint", ""),
    )


def _given(url: AccountUrl, names: tuple[str, ...]) -> dict[str, str]:
    return {name: url.options[name] for name in names if url.options.get(name)}


def _filled(text: str, settings: Mapping[str, str]) -> str:
    filled = text.format(**settings)
    if not text.startswith("basic:"):
        return filled
    return "Basic " + b64encode(filled.removeprefix("basic:").encode()).decode("ascii")
