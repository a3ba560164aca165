"""All channels, in the order in which docs and pages show them."""

from collections.abc import Mapping
from types import MappingProxyType

from clarion.channels.channel import Channel
from clarion.channels.chat import CHAT
from clarion.channels.email import EMAIL
from clarion.channels.in_app import IN_APP
from clarion.channels.push import PUSH
from clarion.channels.sms import SMS
from clarion.channels.webhook import WEBHOOK
from clarion.channels.websocket import WEBSOCKET
from clarion.contract.channel import ChannelKey

CHANNELS: Mapping[ChannelKey, Channel] = MappingProxyType(
    {each.key: each for each in (EMAIL, SMS, PUSH, IN_APP, WEBSOCKET, WEBHOOK, CHAT)}
)


def channel(key: ChannelKey | str) -> Channel:
    """The definition of a channel; raises ValueError for an unknown name."""
    return CHANNELS[ChannelKey(key)]
