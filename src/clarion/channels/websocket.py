"""WebSocket: the same item as in-app, shown to whoever is connected."""

from clarion.channels.channel import Channel
from clarion.channels.in_app import FIELDS, build
from clarion.channels.user_id import mask_user_id, parse_user_id
from clarion.contract.channel import ChannelKey

WEBSOCKET = Channel(
    key=ChannelKey.WEBSOCKET,
    label="WebSocket",
    fields=FIELDS,
    parse_address=parse_user_id,
    mask=mask_user_id,
    build=build,
)
