"""A signed test call to a webhook endpoint, now, past the ledger: its owner waits for the answer.

A web thread waits with them, for as long as the endpoint likes; so a person has few, and the process fewer at a time.
"""

import math
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.content import WebhookContent
from clarion.contract.faults import ProviderFault
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Sent
from clarion.contract.provider import Provider
from clarion.contract.rate import Rate
from clarion.records.accounts import book
from clarion.records.accounts.opening import open_account
from clarion.records.ids import new_id
from clarion.records.pacing.allowances import Allowance, allowances
from clarion.records.pacing.gcra import Limit
from clarion.records.people import endpoints
from clarion.records.people.models import Endpoint

EVENT = "ping"
EACH = Limit(rate=Rate(count=10, seconds=60), burst=10)
AT_ONCE = 4
BUSY_SECONDS = 5
_places = threading.BoundedSemaphore(AT_ONCE)


class TooManyPings(Exception):
    """Nobody was called; ask again in `seconds`, a whole number."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many test calls; ask again in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """How it went: `outcome` as attempts have it (sent, retry, rejected, unclear), or `fault` of the account."""

    outcome: str
    detail: str
    milliseconds: int


def ping(endpoint: Endpoint, asker: UUID, now: datetime) -> Pong:
    """Call the endpoint once through the first account that is not paused. Raises TooManyPings: the asker's limit is
    used up, or too many calls of this process are out."""
    if not _places.acquire(blocking=False):
        raise TooManyPings(BUSY_SECONDS)
    try:
        answer = allowances.ask([[Allowance(key=f"ping:{asker}", limit=EACH)]])[0]
        if answer.wait:
            raise TooManyPings(math.ceil(answer.wait))
        return _ping(endpoint, now)
    finally:
        _places.release()


def _ping(endpoint: Endpoint, now: datetime) -> Pong:
    account = next((each for each in book.of_channel(ChannelKey.WEBHOOK) if not each.paused), None)
    if account is None:
        return Pong(outcome="fault", detail="no account carries webhooks", milliseconds=0)
    began = time.monotonic()
    try:
        provider = open_account(account)
        try:
            outcome = _outcome_of(provider, _message(endpoint, now))
        finally:
            provider.close()
    except ProviderFault as fault:
        return Pong(outcome="fault", detail=str(fault), milliseconds=_since(began))
    if outcome is None:
        return Pong(outcome="fault", detail="the provider gave no outcome", milliseconds=_since(began))
    name = type(outcome).__name__.lower()
    said = outcome.detail if isinstance(outcome, Sent) else outcome.detail or str(outcome.why)
    return Pong(outcome=name, detail=said, milliseconds=_since(began))


def _outcome_of(provider: Provider, message: Message) -> Outcome | None:
    return next((outcome for _, outcome in provider.send([message])), None)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _message(endpoint: Endpoint, now: datetime) -> Message:
    identifier = str(new_id())
    return Message(
        id=identifier,
        notification_id=identifier,
        user_id=str(endpoint.user_id),
        target=Target(value=str(endpoint.target), extra={"secret": endpoints.secrets_of(endpoint, now)}),
        content=WebhookContent(event=EVENT, data={"endpoint_id": str(endpoint.id)}),
        created_at=now,
    )
