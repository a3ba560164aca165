"""A Twilio account from its URL: who logs in, whose account pays, what it sends from. Nothing here is ever printed."""

import re
from base64 import b64encode
from dataclasses import dataclass, field

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured

HOME = "https://api.twilio.com"
OPTIONS = ("from", "messaging_service", "account", "auth_token", "signing_secret", "max_price", "timeout")
_SID = {prefix: re.compile(prefix + "[0-9a-fA-F]{32}", re.ASCII) for prefix in ("AC", "SK", "MG")}
_NUMBER = re.compile(r"\+[0-9]{3,15}|[0-9]{3,8}", re.ASCII)
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}", re.ASCII)
_PRICE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """`sid` is the account that sends. `sender` are the form's fields that say from what. `auth_token` and
    `signing_secret` prove callbacks; without either, none can be proved."""

    sid: str = field(repr=False)
    login: str = field(repr=False)
    secret: str = field(repr=False)
    sender: tuple[tuple[str, str], ...] = field(repr=False)
    auth_token: str = field(repr=False)
    signing_secret: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + b64encode(f"{self.login}:{self.secret}".encode()).decode()


def parse(url: AccountUrl) -> TwilioAccount:
    """The account behind `twilio://SID:TOKEN@?from=+1…`. Raises Misconfigured saying what to write."""
    url.only(*OPTIONS)
    if url.host:
        raise Misconfigured("twilio: the URL names no host: twilio://SID:TOKEN@?from=%2B15550100 (mind the @)")
    if not url.password:
        raise Misconfigured("twilio: write twilio://SID:TOKEN@?from=…, with the auth token or an API key's secret")
    by_key = bool(_SID["SK"].fullmatch(url.username))
    sid = url.options.get("account", "") if by_key else url.username
    if not _SID["AC"].fullmatch(sid):
        raise Misconfigured("twilio: the SID is AC and 32 hex digits; with an API key (SK…) give the account= as well")
    return TwilioAccount(
        sid=sid,
        login=url.username,
        secret=url.password,
        sender=_sender(url),
        auth_token=url.options.get("auth_token", "") or ("" if by_key else url.password),
        signing_secret=url.options.get("signing_secret", ""),
    )


def _sender(url: AccountUrl) -> tuple[tuple[str, str], ...]:
    number, service = url.options.get("from", ""), url.options.get("messaging_service", "")
    if bool(number) == bool(service):
        raise Misconfigured("twilio: give either from= (a number, short code or sender name) or messaging_service=")
    if service and not _SID["MG"].fullmatch(service):
        raise Misconfigured("twilio: messaging_service= is MG and 32 hex digits")
    if number and not (_NUMBER.fullmatch(number) or _NAME.fullmatch(number)):
        raise Misconfigured("twilio: from= is a number (%2B15550100), a short code, or a name of up to 11 letters")
    price = url.options.get("max_price", "")
    if price and not _PRICE.fullmatch(price):
        raise Misconfigured("twilio: max_price= is what a message may cost at most, such as 0.05")
    fields = [("MessagingServiceSid", service) if service else ("From", number)]
    return (*fields, ("MaxPrice", price)) if price else tuple(fields)
