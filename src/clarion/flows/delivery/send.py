"""Step: send. Hands messages to the accounts in order and yields outcomes as they become known.

No transaction is open here and no row is locked. A fault before anything was handed over moves on to the next
account; a break half-way leaves the rest unclear, and unclear work is not given to another account in silence.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from clarion.contract.faults import Interrupted, Misconfigured, ProviderFault, Unreachable
from clarion.contract.message import Message
from clarion.contract.outcome import Outcome, Rejected, Retry, Unclear
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.flows.delivery import pace, storable
from clarion.flows.delivery.breaking import Verdict, verdict
from clarion.flows.delivery.carriers import Carrier, Carriers
from clarion.flows.delivery.sticking import parted
from clarion.flows.delivery.strides import strides
from clarion.flows.delivery.work import Held
from clarion.records import clock
from clarion.records.accounts import book
from clarion.records.crashing import Point, crash_point

NO_CARRIER_WAIT = timedelta(seconds=15)
SHORTEST_REST_SECONDS = 1.0
log = structlog.get_logger()


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What one account said about one message. `idempotent`: it would not deliver a repeat twice."""

    message: Message
    account: str
    confirms_delivery: bool
    outcome: Outcome
    idempotent: bool = False

    def __repr__(self) -> str:
        return f"Told({self.message.id}, {self.outcome})"


Heard = Told | Held
# asked just before a provider is given messages: which of them may be handed over?
HandOver = Callable[[Sequence[Message], Declaration], Sequence[Message]]


def send(messages: Sequence[Message], carriers: Carriers, now: datetime, hand_over: HandOver) -> Iterator[Heard]:
    """An outcome for every message, or that it is held; exactly one each. Of those that may not be handed over any
    more (they are in other hands), nothing is said."""
    for account, part in parted(messages, carriers.names(), now):
        for kind, same in _by_kind(part).items():
            able = carriers.carrying(kind, now)
            if kind and not able and carriers.names():
                yield from _not_carried(same, kind)
            else:
                yield from _through(same, {account} if account in able else able, carriers, now, hand_over)


def _by_kind(messages: Sequence[Message]) -> dict[str, list[Message]]:
    """The messages by what their target is: not every account of the channel can carry each."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.target.kind, []).append(message)
    return found


def _not_carried(messages: Sequence[Message], kind: str) -> Iterator[Told]:
    detail = f"no account carries {kind} devices"
    for message in messages:
        outcome = Rejected(why=Reason.KIND_NOT_CARRIED, detail=detail)
        yield Told(message=message, account="", confirms_delivery=False, outcome=outcome)


def _through(
    messages: Sequence[Message], able: Collection[str], carriers: Carriers, now: datetime, hand_over: HandOver
) -> Iterator[Heard]:
    """Through these accounts in turn."""
    rest = list(messages)
    failed = _Failed()
    for carrier in carriers.usable(now):
        if not rest:
            return
        if carrier.account.name not in able:
            continue
        own, others = _allowed(carrier, rest)
        count = pace.fitting(carrier, own)
        if not own or (count and not carrier.circuit.admits()):
            pace.unused(carrier, count)
            if own:
                carriers.note_rest(carrier.circuit.view.opens_in)
            continue
        one = _Hand(carrier, own[:count], now, hand_over)
        yield from one.tell()
        pace.unused(carrier, len(one.untouched))
        if not one.stopped:
            yield from pace.over(carrier, own[count:])
            rest = others
            continue
        failed.note(one)
        rest = [*one.untouched, *own[count:], *others]
        if one.misconfigured:
            carriers.forget()
        if carrier.circuit.view.refuses:
            carriers.note_rest(carrier.circuit.view.opens_in)
    yield from _nobody(rest, failed, carriers)


def _allowed(carrier: Carrier, messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """Those that the account may carry, and those whose category the reputation guard keeps from it."""
    if not carrier.barred:
        return messages, []
    own = [message for message in messages if message.category not in carrier.barred]
    return own, [message for message in messages if message.category in carrier.barred]


class _Failed:
    """What went wrong on the way through the accounts: the last fault, and the messages tried in vain."""

    def __init__(self) -> None:
        self.fault: ProviderFault | None = None
        self.tried: set[str] = set()

    def note(self, hand: "_Hand") -> None:
        self.fault = hand.fault or self.fault
        self.tried |= hand.tried


def _nobody(rest: Sequence[Message], failed: _Failed, carriers: Carriers) -> Iterator[Heard]:
    """No account took these: they wait, for nobody is to blame but the accounts. Only where a connection was tried
    is an attempt used up; what waits for a person (paused, wrong credentials) or behind a breaker does not fail."""
    fault, opens_in = failed.fault, carriers.opens_in
    for message in rest:
        if isinstance(fault, Unreachable) and (opens_in is None or message.id in failed.tried):
            asked = fault.after or NO_CARRIER_WAIT
            outcome = Retry(why=Reason.UNREACHABLE, after=asked, whole_account=True, detail=str(fault))
            yield Told(message=message, account="", confirms_delivery=False, outcome=outcome)
        elif opens_in is not None:
            after = timedelta(seconds=max(opens_in, SHORTEST_REST_SECONDS))
            yield Held(message=message, why=Reason.ACCOUNTS_RESTING, rule="breaker", after=after)
        elif carriers.guarded(message.category):
            yield Held(message=message, why=Reason.REPUTATION_PAUSED, rule="reputation", after=NO_CARRIER_WAIT)
        else:
            yield Held(message=message, why=Reason.NO_PROVIDER, rule="accounts", after=NO_CARRIER_WAIT)


class _Hand:
    """One account working on a list of messages; afterwards `untouched` holds those that may go to another, and
    `tried` names those of them that this one was asked to take. `stopped`: it is not to be given more now."""

    def __init__(self, carrier: Carrier, messages: Sequence[Message], now: datetime, hand_over: HandOver) -> None:
        self._carrier = carrier
        self._hand_over = hand_over
        self._messages = messages
        self._now = now
        self._outcomes: list[Outcome] = []
        self.untouched: list[Message] = []
        self.tried: set[str] = set()
        self.fault: ProviderFault | None = None
        self.misconfigured = False
        self.stopped = False

    def tell(self) -> Iterator[Heard]:
        circuit = self._carrier.circuit
        label = self._carrier.account.label
        start = 0
        while start < len(self._messages):
            most = 1 if circuit.probing else strides.most(label, self._carrier.provider.declaration)
            chunk, late, start = self._timely(start, most)
            for message in late:
                yield Held(message=message, why=Reason.EXPIRED, rule="expiry", after=timedelta(0))
            if not chunk:
                return
            self._outcomes = []
            with strides.timed(label, len(chunk)):
                yield from self._chunk(chunk)
            may_go_on = circuit.hear(self._verdict())
            if self.fault is not None or not may_go_on:
                self.stopped = True
                self.untouched.extend(self._messages[start:])
                return
        if self._messages and self._carrier.account.faulty_until is not None:
            book.clear_fault(self._carrier.account.id)

    def _timely(self, start: int, most: int) -> tuple[list[Message], list[Message], int]:
        """The next messages to hand over, those met on the way that expired while others were sent, and where to go
        on."""
        now = clock.now()
        chunk: list[Message] = []
        late: list[Message] = []
        while start < len(self._messages) and len(chunk) < most:
            message = self._messages[start]
            expired = message.expires_at is not None and message.expires_at <= now
            (late if expired else chunk).append(message)
            start += 1
        return chunk, late, start

    def _verdict(self) -> Verdict:
        one_call = self._carrier.provider.declaration.batch_call
        return verdict(self._outcomes, self.fault, one_call=one_call)

    def _chunk(self, chunk: Sequence[Message]) -> Iterator[Heard]:
        chunk = self._hand_over(chunk, self._carrier.provider.declaration)
        waiting = {message.id: message for message in chunk}
        try:
            crash_point(Point.WORKER_HANDING_OVER)
            for identifier, outcome in self._carrier.provider.send(chunk):
                crash_point(Point.PROVIDER_TOOK)
                message = waiting.pop(identifier, None)
                if message is not None:
                    yield self._told(message, outcome)
        except (Unreachable, Misconfigured) as fault:
            self._note(fault)
            self.untouched.extend(waiting.values())
            self.tried.update(waiting)
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
            book.note_fault(self._carrier.account.id, storable.text(str(fault)), self._now)

    def _told(self, message: Message, outcome: Outcome) -> Heard:
        if isinstance(outcome, Retry) and outcome.untried:
            return Held(message=message, why=outcome.why, rule="provider", after=outcome.after or NO_CARRIER_WAIT)
        outcome = storable.outcome(outcome)
        self._outcomes.append(outcome)
        declaration = self._carrier.provider.declaration
        return Told(
            message=message,
            account=self._carrier.account.name,
            confirms_delivery=declaration.confirms_delivery,
            outcome=outcome,
            idempotent=declaration.idempotent,
        )
