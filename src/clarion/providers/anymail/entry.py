"""The registry's entry. Anymail and requests are heavy, so they are imported when an account is opened."""

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.feedback import Feedback
from clarion.contract.host import Host
from clarion.contract.provider import Provider
from clarion.contract.registry import Entry


def _open(url: AccountUrl, channel: ChannelKey, host: Host) -> Provider:
    from clarion.providers.anymail.send import AnymailProvider

    return AnymailProvider(url, channel, host)


def _hear(url: AccountUrl, channel: ChannelKey, host: Host) -> Feedback:
    from clarion.providers.anymail.feedback import AnymailFeedback

    return AnymailFeedback(url, channel, host)


ENTRY = Entry(scheme="anymail", channels=frozenset({ChannelKey.EMAIL}), open=_open, feedback=_hear)
