"""Step: pace. What an account may carry now. Tokens are leased in a block before work is claimed, so that no more is
taken up than can go, urgent work is first at each token, and a message costs no call.

A busy account is waited for, unless another of the same position has tokens; only one that fails is passed over for
those behind it. What is over its rate after all (it took over from another account, or a person has many devices) goes
back to the queue without having been tried.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from time import monotonic

from clarion.contract.message import Message
from clarion.contract.reasons import Reason
from clarion.flows.delivery.carriers import Carrier, Carriers
from clarion.flows.delivery.stopping import stopping
from clarion.flows.delivery.work import Held
from clarion.records import clock
from clarion.records.pacing.purse import Purse

# Longer waits are left to the scheduler, which rings every second for what is due.
PATIENCE_SECONDS = 1.5
LONGEST_HOLD_SECONDS = 60.0


def room(carriers: Carriers, most: int) -> int:
    """How many may be claimed now, `most` at most. Waits a moment for tokens; 0: nobody can carry
    anything now (no tokens, or all accounts are paused or rest), so the work is better left in the queue."""
    deadline = monotonic() + PATIENCE_SECONDS
    carriers.lead(None)
    while True:
        usable = carriers.usable(clock.now())
        if not usable:
            return 0
        waits: list[float] = []
        for carrier in usable:
            if carrier.account.position != usable[0].account.position:
                break
            count = most if carrier.purse is None else carrier.purse.fill(most)
            if count:
                carriers.lead(carrier)
                return count
            waits.append(carrier.purse.wait if carrier.purse else 0.0)
        if monotonic() + min(waits) > deadline or stopping.wait(min(waits)):
            return 0


def fitting(carrier: Carrier, messages: Sequence[Message]) -> int:
    """How many of the leading messages the account may be given now; they count as its share. A notification's messages
    are never parted: one device told and the other forgotten would look like success."""
    count = _paid(carrier.purse, messages)
    carrier.shares.charge(carrier.account, count)
    return count


def _paid(purse: Purse | None, messages: Sequence[Message]) -> int:
    if purse is None or not messages:
        return len(messages)
    first = sum(1 for message in messages if message.notification_id == messages[0].notification_id)
    count = purse.take(len(messages), first)
    cut = count
    while 0 < cut < len(messages) and messages[cut].notification_id == messages[cut - 1].notification_id:
        cut -= 1
    purse.put(count - cut)
    return cut


def unused(carrier: Carrier, count: int) -> None:
    """Messages that were paid for and not handed over."""
    carrier.shares.charge(carrier.account, -count)
    if carrier.purse is not None:
        carrier.purse.put(count)


def over(carrier: Carrier, messages: Sequence[Message]) -> Iterator[Held]:
    """The messages that must wait for the account, each until its turn comes."""
    purse = carrier.purse
    if purse is None:
        return
    for place, message in enumerate(messages, start=1):
        seconds = min(purse.wait + place * purse.limit.interval, LONGEST_HOLD_SECONDS)
        after = timedelta(seconds=seconds)
        rule = f"rate of {carrier.account.name} {purse.limit.rate}"
        yield Held(message=message, why=Reason.RATE_LIMITED, rule=rule, after=after)
