"""SMTP's ear: bounce mails that the mail server pipes to the account's callback URL. Reading them is `bounces`."""

import hmac
from collections.abc import Sequence

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Callback, Forged, Reported
from clarion.contract.host import Host
from clarion.providers.smtp.account import read_account
from clarion.providers.smtp.bounces import parse_bounce

SCHEME = "bearer "


class SmtpFeedback:
    """One account's ear. What the pipe proves is that it comes from our own mail server: it knows `bounce_secret=`."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        account = read_account(url, host)
        self._secret = account.bounce_secret
        self._domain = account.sender_domain

    def verify(self, callback: Callback) -> None:
        """`Authorization: Bearer <bounce_secret>`. Raises Forged."""
        if not self._secret:
            raise Forged("no bounce_secret= is configured: nobody may report")
        given = callback.headers.get("authorization", "")
        token = given[len(SCHEME) :].strip() if given.lower().startswith(SCHEME) else ""
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self._secret.encode()):
            raise Forged("the bearer token is not bounce_secret=")

    def parse(self, callback: Callback) -> Sequence[Reported]:
        """The body is the mail's source. Raises Malformed."""
        return parse_bounce(callback.body, domain=self._domain)

    def acknowledge(self, callback: Callback) -> None:
        """Nothing is to be done besides."""
