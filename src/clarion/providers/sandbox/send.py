"""The sandbox provider: records what it is given, plays the failures that magic recipients ask for."""

import time
from collections.abc import Iterator, Sequence

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import ProviderFault
from clarion.contract.host import Host, OutboxEntry
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.contract.registry import Entry
from clarion.egress.mime_headers import MailRefused
from clarion.egress.signing import BadSecret
from clarion.providers.sandbox.entries import Unfit, entry
from clarion.providers.sandbox.magic import is_slow, spell, taken

CHANNELS = frozenset(ChannelKey)
SLOW_SECONDS = 0.2  # a batch of slow recipients waits once


class SandboxProvider:
    """One channel of the sandbox."""

    def __init__(self, url: AccountUrl, channel: ChannelKey, host: Host) -> None:
        url.only("from")
        self._channel = channel
        self._host = host
        self._sender = url.options.get("from") or host.sender_email
        self.declaration = Declaration(
            name="sandbox",
            channels=CHANNELS,
            max_batch=1000,
            idempotent=True,
            confirms_delivery=True,
            batch_call=True,
        )

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Everything taken is recorded in one call before the first outcome. Raises Unreachable last of all when a
        recipient asks for an outage; the others are served."""
        if any(is_slow(message, self._channel) for message in batch):
            time.sleep(SLOW_SECONDS)
        outcomes: list[tuple[str, Outcome]] = []
        entries: list[OutboxEntry] = []
        fault: ProviderFault | None = None
        for message in batch:
            try:
                outcome, record = self._take(message)
            except ProviderFault as error:
                fault = error
                continue
            outcomes.append((message.id, outcome))
            entries.extend(record)
        if entries:
            self._host.outbox.record(entries)
        yield from outcomes
        if fault is not None:
            raise fault

    def _take(self, message: Message) -> tuple[Outcome, list[OutboxEntry]]:
        outcome = spell(message, self._channel)
        if outcome is not None:
            return outcome, []
        try:
            return taken(message), [entry(message, self._channel, self._sender)]
        except MailRefused as refusal:
            reason = Reason.INVALID_ADDRESS if refusal.is_address else Reason.CONTENT_REFUSED
            return Rejected(why=reason, detail=str(refusal)), []
        except BadSecret as error:
            return Rejected(why=Reason.INVALID_ADDRESS, detail=str(error)), []
        except (Unfit, TypeError, ValueError):
            return Rejected(why=Reason.CONTENT_REFUSED, detail=f"not content for {self._channel}"), []

    def probe(self) -> None:
        """Always well."""

    def close(self) -> None:
        """Nothing is held open."""


ENTRY = Entry(scheme="sandbox", channels=CHANNELS, open=SandboxProvider)
