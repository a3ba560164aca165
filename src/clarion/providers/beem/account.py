"""A Beem account from its URL. Nothing here is ever printed."""

import re
from base64 import b64encode
from dataclasses import dataclass, field

from clarion.contract.account import AccountUrl
from clarion.contract.faults import Misconfigured

HOME = "https://apisms.beem.africa"
REPORTS_HOME = "https://dlrapi.beem.africa"
OPTIONS = ("sender", "callback_token", "timeout")
# Beem: a registered name of at most 11 characters, or a number in the international form without +
_SENDER = re.compile(r"[A-Za-z0-9 ._&-]{1,11}|[0-9]{10,15}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeemAccount:
    """`callback_token` is what Beem is set up to send as `beem-secure-token` with its reports; empty: nothing."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    sender: str
    callback_token: str = field(repr=False)

    @property
    def authorization(self) -> str:
        """The value of the Authorization header."""
        return "Basic " + b64encode(f"{self.key}:{self.secret}".encode()).decode()


def parse(url: AccountUrl) -> BeemAccount:
    """The account behind `beem://KEY:SECRET@?sender=INFO`. Raises Misconfigured saying what to write."""
    url.only(*OPTIONS)
    if url.host or not (url.username and url.password):
        raise Misconfigured("beem: write beem://KEY:SECRET@?sender=INFO, with key and secret percent-encoded")
    sender = url.options.get("sender", "")
    if not _SENDER.fullmatch(sender):
        raise Misconfigured("beem: sender= is a sender name registered at Beem (up to 11 letters), or a number")
    return BeemAccount(
        key=url.username, secret=url.password, sender=sender, callback_token=url.options.get("callback_token", "")
    )
