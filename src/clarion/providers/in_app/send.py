"""In-app: append to the inbox, the truth; then tell the live layer, a hint that may fail."""

from collections.abc import Iterator, Sequence

import structlog

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.content import InboxContent
from clarion.contract.faults import Unreachable
from clarion.contract.host import Host, InboxItem
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Sent
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry

log = structlog.get_logger()

CHANNELS = frozenset({ChannelKey.IN_APP})


class InAppProvider:
    """Stores one item per message, once by notification id, however often it is sent."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only()
        self._host = host
        self.declaration = Declaration(
            name="in_app",
            channels=CHANNELS,
            max_batch=1000,
            idempotent=True,
            confirms_delivery=True,
            batch_call=True,
        )

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """All items in one call, published before the first outcome is yielded, so that a consumer that stops
        half-way has not silenced the rest."""
        fitting = [message for message in batch if isinstance(message.content, InboxContent)]
        if fitting:
            items = self._host.inbox.append(fitting, ChannelKey.IN_APP)
            self._publish(items)
            for message, item in zip(fitting, items, strict=True):
                yield message.id, Sent(remote_id=item.id)
        for message in batch:
            if not isinstance(message.content, InboxContent):
                yield message.id, Rejected(why=Reason.CONTENT_REFUSED, detail="not an inbox item")

    def _publish(self, items: Sequence[InboxItem]) -> None:
        try:
            self._host.live.publish(items)
        except Unreachable as fault:
            # The items are stored; clients catch up by sequence number when they reconnect.
            log.warning("live_hint_lost", items=len(items), fault=str(fault))

    def probe(self) -> None:
        """Nothing outside the house to ask."""

    def close(self) -> None:
        """Nothing is held open."""


ENTRY = Entry(scheme="inapp", channels=CHANNELS, open=InAppProvider)
