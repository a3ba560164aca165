"""A signed test call to a webhook endpoint, now, past the ledger: its owner waits for the answer."""

import time
from dataclasses import dataclass
from datetime import datetime

from clarion.contract.channel import ChannelKey
from clarion.contract.content import WebhookContent
from clarion.contract.faults import ProviderFault
from clarion.contract.message import Message, Target
from clarion.contract.outcome import Outcome, Sent
from clarion.contract.provider import Provider
from clarion.records.accounts import book
from clarion.records.accounts.opening import open_account
from clarion.records.ids import new_id
from clarion.records.people import endpoints
from clarion.records.people.models import Endpoint

EVENT = "ping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """How it went: `outcome` as attempts have it (sent, retry, rejected, unclear), or `fault` of the account."""

    outcome: str
    detail: str
    milliseconds: int


def ping(endpoint: Endpoint, now: datetime) -> Pong:
    """Call the endpoint once through the first account that is not paused."""
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
