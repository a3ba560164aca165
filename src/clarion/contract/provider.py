"""The provider protocol and what a provider declares of itself."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from clarion.contract.channel import ChannelKey
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a provider can and cannot do; the provider matrix in the docs is generated from these.

    `max_batch` is the most messages one `send` may be given. `idempotent`: re-sending a message with the same id
    is not delivered twice. `confirms_delivery`: taken means arrived (an inbox row, say), so no receipt follows.
    `reports_delivery`: a receipt may follow later through a callback. `default_rate`: how fast an account goes unless
    its URL or staff say otherwise (`14/s`); empty: as fast as it can. `target_kinds`: of a channel whose targets are of
    several kinds (push: the token kinds of devices), those it can carry; empty: any. `public_key`: what clients need to
    register with it, and anybody may know (Web Push: the VAPID key).
    """

    name: str
    channels: frozenset[ChannelKey]
    max_batch: int
    concurrency: int = 1
    max_bytes: int | None = None
    idempotent: bool = False
    confirms_delivery: bool = False
    reports_delivery: bool = False
    batch_call: bool = False
    attachments: bool = False
    default_rate: str = ""
    target_kinds: frozenset[str] = frozenset()
    public_key: str = ""

    def takes(self, kind: str) -> bool:
        """Whether it can carry a target of this kind (`Target.kind`); one without a kind, anybody can."""
        return not kind or not self.target_kinds or kind in self.target_kinds


class Provider(Protocol):
    """One account at one carrier. Knows no ORM, settings, retries or sleeps. Safe to use from one thread at a time."""

    @property
    def declaration(self) -> Declaration: ...

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Hand the batch over; yield `(message.id, outcome)` as each becomes known, every message at most once.

        Raises Unreachable, Interrupted or Misconfigured for the connection or the account. Messages without an
        outcome at that point are the engine's to judge by the fault raised.
        """
        ...

    def probe(self) -> None:
        """Check address and credentials without sending anything; returns quietly or raises a ProviderFault."""
        ...

    def close(self) -> None:
        """Give back connections. Called once; `send` is not called again."""
        ...
