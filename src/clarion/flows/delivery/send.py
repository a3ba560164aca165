"""Step: send. Hands messages to the accounts in order and yields outcomes as they become known.

No transaction is open here and no row is locked. A fault before anything was handed over moves on to the next
account; a break half-way leaves the rest unclear, and unclear work is not given to another account in silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from clarion.contract.faults import Interrupted, Misconfigured, ProviderFault, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Retry, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.delivery.carriers import Carrier, Carriers
from clarion.records.accounts import book

NO_CARRIER_WAIT = timedelta(seconds=15)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one account said about one message."""

    message: Message
    account: str
    confirms_delivery: bool
    outcome: Outcome


def send(messages: Sequence[Message], carriers: Carriers, now: datetime) -> Iterator[Told]:
    """An outcome for every message, exactly one each."""
    rest = list(messages)
    fault: ProviderFault | None = None
    for carrier in carriers.usable(now):
        if not rest:
            return
        one = _Hand(carrier, rest, now)
        yield from one.tell()
        rest, fault = one.untouched, one.fault or fault
        if one.misconfigured:
            carriers.forget()
    yield from _nobody(rest, fault)


def _nobody(rest: Sequence[Message], fault: ProviderFault | None) -> Iterator[Told]:
    """No account took these: they wait, for nobody is to blame but the accounts."""
    why = Reason.UNREACHABLE if isinstance(fault, Unreachable) else Reason.NO_PROVIDER
    asked = fault.after if isinstance(fault, Unreachable) and fault.after else NO_CARRIER_WAIT
    detail = str(fault) if fault else "no account of this channel can be used; see GET /providers"
    for message in rest:
        outcome = Retry(why=why, after=asked, whole_account=True, detail=detail)
        yield Told(message=message, account="", confirms_delivery=False, outcome=outcome)


class _Hand:
    """One account working on a list of messages; afterwards `untouched` holds those that may go to another."""

    def __init__(self, carrier: Carrier, messages: Sequence[Message], now: datetime) -> None:
        self._carrier = carrier
        self._messages = messages
        self._now = now
        self.untouched: list[Message] = []
        self.fault: ProviderFault | None = None
        self.misconfigured = False

    def tell(self) -> Iterator[Told]:
        size = self._carrier.provider.declaration.max_batch
        for start in range(0, len(self._messages), size):
            if self.fault is not None:
                self.untouched.extend(self._messages[start:])
                return
            yield from self._chunk(self._messages[start : start + size])
        if self.fault is None and self._carrier.account.faulty_until is not None:
            book.clear_fault(self._carrier.account.id)

    def _chunk(self, chunk: Sequence[Message]) -> Iterator[Told]:
        waiting = {message.id: message for message in chunk}
        try:
            for identifier, outcome in self._carrier.provider.send(chunk):
                message = waiting.pop(identifier, None)
                if message is not None:
                    yield self._told(message, outcome)
        except (Unreachable, Misconfigured) as fault:
            self._note(fault)
            self.untouched.extend(waiting.values())
            return
        except Interrupted as fault:
            self._note(fault)
            for message in waiting.values():
                yield self._told(message, Unclear(why=Reason.CONNECTION_LOST, detail=str(fault)))
            return
        except Exception as bug:
            log.exception("provider_bug", account=self._carrier.account.name)
            self.fault = Interrupted(f"the provider failed with {type(bug).__name__}; this is a bug in it")
            for message in waiting.values():
                yield self._told(message, Unclear(why=Reason.PROVIDER_ERROR, detail=str(self.fault)))
            return
        for message in waiting.values():
            yield self._told(message, Unclear(why=Reason.PROVIDER_ERROR, detail="the provider gave no outcome"))

    def _note(self, fault: ProviderFault) -> None:
        self.fault = fault
        name = self._carrier.account.name
        log.warning("account_fault", account=name, kind=type(fault).__name__, fault=str(fault))
        if isinstance(fault, Misconfigured):
            self.misconfigured = True
            book.note_fault(self._carrier.account.id, str(fault), self._now)

    def _told(self, message: Message, outcome: Outcome) -> Told:
        declaration = self._carrier.provider.declaration
        return Told(
            message=message,
            account=self._carrier.account.name,
            confirms_delivery=declaration.confirms_delivery,
            outcome=outcome,
        )
