"""What an `smtp://` URL says, read once into a type. No connection is made here."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum

from clarion.contract.account import AccountUrl
from clarion.contract.account_file import read_account_file
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.egress.mime_headers import Address, MailRefused, encode_sender
from clarion.providers.smtp import dkim
from clarion.providers.smtp import dsn as notices

CA_BYTES = 4_194_304
OPTIONS = (
    "tls",
    "verify",
    "ca",
    "from",
    "return_path",
    "auth_plaintext",
    "timeout",
    "max_messages",
    "spread",
    "idle",
    "ehlo",
    "pipelining",
    "bounce_secret",
    *dkim.OPTIONS,
    *notices.OPTIONS,
)


class TlsMode(StrEnum):
    """`auto`: STARTTLS where offered; `starttls`: or nothing; `implicit`: TLS from the first byte; `none`."""

    AUTO = "auto"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpAccount:
    """A server, how to speak to it and as whom. `timeout` and `idle` in seconds."""

    name: str
    host: str
    port: int
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    sender: str = field(repr=False)
    envelope_sender: Address = field(repr=False)
    tls: TlsMode = TlsMode.AUTO
    verify: bool = True
    ca: str = ""
    auth_plaintext: bool = False
    timeout: float = 30.0
    max_messages: int = 1000
    spread: int = 8
    idle: float = 30.0
    ehlo: str = ""
    pipelining: bool = True
    connections: int = 4
    dsn: notices.Dsn = notices.Dsn.NO
    signer: dkim.DkimSigner | None = None
    sender_domain: str = ""
    bounce_secret: str = field(default="", repr=False)

    def tls_context(self) -> ssl.SSLContext:
        """The client's TLS settings. Raises Misconfigured when `ca=` names no readable file."""
        try:
            if self.ca:
                read_account_file(self.ca, CA_BYTES)  # OpenSSL would read whatever it is, to no end
            context = ssl.create_default_context(cafile=self.ca or None)
        except OSError as error:
            raise Misconfigured("smtp: ca= names no readable certificate file") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def read_account(url: AccountUrl, host: Host) -> SmtpAccount:
    """Raises Misconfigured for what cannot work, in words that repeat no secret."""
    url.only(*OPTIONS)
    if not url.host:
        raise Misconfigured("smtp: the URL names no host: write smtp://user:pass@host:587")
    if "endpoint" in url.options:
        raise Misconfigured("smtp: endpoint= means nothing here: name the server in the URL itself")
    tls = _mode(url.options.get("tls", TlsMode.AUTO))
    sender = url.options.get("from") or host.sender_email
    domain = _address("from", sender).domain
    return SmtpAccount(
        name=url.name,
        host=url.host,
        port=url.port or _usual_port(tls, url.username),
        username=url.username,
        password=url.password,
        sender=sender,
        envelope_sender=_address("return_path", url.options.get("return_path") or sender),
        tls=tls,
        verify=_is_yes(url, "verify", default=True),
        ca=url.options.get("ca", ""),
        auth_plaintext=_is_yes(url, "auth_plaintext", default=False),
        timeout=_number(url, "timeout", 30.0, low=0.05, high=600),
        max_messages=int(_number(url, "max_messages", 1000, low=1, high=1_000_000)),
        spread=int(_number(url, "spread", 8, low=1, high=10_000)),
        idle=_number(url, "idle", 30.0, low=0, high=3600),
        ehlo=url.options.get("ehlo", ""),
        pipelining=_is_yes(url, "pipelining", default=True),
        connections=url.calls_at_once(4, most=64),
        dsn=notices.read_dsn(url),
        signer=dkim.read_signer(url, domain),
        sender_domain=domain,
        bounce_secret=url.options.get("bounce_secret", ""),
    )


def _usual_port(tls: TlsMode, username: str) -> int:
    if tls is TlsMode.IMPLICIT:
        return 465
    return 587 if username else 25


def _mode(text: str) -> TlsMode:
    try:
        return TlsMode(text)
    except ValueError:
        raise Misconfigured(f"smtp: tls= must be one of {', '.join(TlsMode)}") from None


def _address(option: str, text: str) -> Address:
    try:
        return encode_sender(text)
    except MailRefused:
        raise Misconfigured(f"smtp: from= or {option}= is not a mail address") from None


def _is_yes(url: AccountUrl, option: str, *, default: bool) -> bool:
    text = url.options.get(option, "yes" if default else "no").lower()
    if text not in ("yes", "no"):
        raise Misconfigured(f"smtp: {option}= must be yes or no")
    return text == "yes"


def _number(url: AccountUrl, option: str, default: float, *, low: float, high: float) -> float:
    text = url.options.get(option, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not low <= value <= high:
        raise Misconfigured(f"smtp: {option}= must be a number from {low:g} to {high:g}")
    return value
