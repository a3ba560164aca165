"""Apprise: a bridge to Discord, Teams, Telegram and the rest. See README.md for what it cannot tell."""

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.host import Host
from clarion.contract.provider import Provider
from clarion.contract.registry import Entry

__all__ = ["ENTRY"]


def _open(url: AccountUrl, channel: ChannelKey, host: Host) -> Provider:
    """The library is an extra, and slow to import: whoever names no Apprise account has neither cost."""
    try:
        from clarion.providers.apprise.send import AppriseProvider
    except ModuleNotFoundError as error:
        if error.name != "apprise":
            raise
        raise Misconfigured("apprise: the library is missing; install clarion[apprise]") from error
    return AppriseProvider(url, channel, host)


ENTRY = Entry(scheme="apprise", channels=frozenset({ChannelKey.CHAT}), open=_open, credentials_only=True)
