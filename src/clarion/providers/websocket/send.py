"""WebSocket: append to the inbox for those who are away, and publish to those who are connected."""

from collections.abc import Iterator, Sequence

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import InboxContent
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Sent
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry

CHANNELS = frozenset({ChannelKey.WEBSOCKET})


class WebsocketProvider:
    """Publishing is the point here, so a live layer that is down is Unreachable; trying again stores nothing twice
    and clients know an item by its sequence number."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only()
        self._host = host
        self.declaration = Declaration(
            name="websocket", channels=CHANNELS, max_batch=1000, idempotent=True, batch_call=True
        )

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """All in one call. Raises Unreachable when the live layer is down; the items are stored even then."""
        for message in batch:
            if not isinstance(message.content, InboxContent):
                yield message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not an inbox item")
        fitting = [message for message in batch if isinstance(message.content, InboxContent)]
        if fitting:
            items = self._host.inbox.append(fitting, ChannelKey.WEBSOCKET)
            self._host.live.publish(items)
            for message, item in zip(fitting, items, strict=True):
                yield message.id, Sent(remote_id=item.id)

    def probe(self) -> None:
        """Nothing outside the house to ask."""

    def close(self) -> None:
        """Nothing is held open."""


ENTRY = Entry(scheme="websocket", channels=CHANNELS, open=WebsocketProvider)
