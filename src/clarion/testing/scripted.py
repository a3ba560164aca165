"""A provider that does what a test says: outcomes by message, faults, and a ledger of what it was given."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import ProviderFault
from clarion.contract.host import Host
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Sent
from clarion.contract.provider import Declaration
from clarion.contract.registry import Entry

Script = Callable[[Message], Outcome | ProviderFault | None]


def accept_all(message: Message) -> Outcome:
    """Every message is taken."""
    return Sent(remote_id=f"remote-{message.id}")


@dataclass(slots=True)
class ScriptedProvider:
    """`script` answers each message: an outcome, a fault to raise, or None to say nothing about it."""

    name: str = "scripted"
    script: Script = accept_all
    max_batch: int = 1000
    confirms_delivery: bool = False
    idempotent: bool = False
    default_rate: str = ""
    target_kinds: frozenset[str] = frozenset()
    given: list[Message] = field(default_factory=list)
    probe_fault: ProviderFault | None = None
    closed: int = 0

    @property
    def declaration(self) -> Declaration:
        """All channels, with the batch size given."""
        return Declaration(
            name=self.name,
            channels=frozenset(ChannelKey),
            max_batch=self.max_batch,
            confirms_delivery=self.confirms_delivery,
            idempotent=self.idempotent,
            default_rate=self.default_rate,
            target_kinds=self.target_kinds,
        )

    def send(self, batch: Sequence[Message]) -> Iterator[tuple[str, Outcome]]:
        """Follow the script, message by message."""
        for message in batch:
            self.given.append(message)
            answer = self.script(message)
            if isinstance(answer, ProviderFault):
                raise answer
            if answer is not None:
                yield message.id, answer

    def probe(self) -> None:
        """Raise the fault that the test planned, if any."""
        if self.probe_fault is not None:
            raise self.probe_fault

    def close(self) -> None:
        """Count."""
        self.closed += 1

    def entry(self) -> Entry:
        """A registry entry under `<name>://`; every account opened is this very object."""

        def open_it(url: AccountUrl, channel: ChannelKey, host: Host) -> "ScriptedProvider":
            return self

        return Entry(scheme=self.name, channels=frozenset(ChannelKey), open=open_it)
