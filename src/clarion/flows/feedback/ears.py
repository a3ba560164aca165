"""The ears of accounts: each provider's `Feedback`, opened once by each thread and account."""

import threading
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from time import monotonic
from uuid import UUID

import structlog

from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import Feedback
from clarion.contract.registry import installed
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts
from clarion.records.accounts.models import Account
from clarion.records.feedback import doors
from clarion.records.personal.envelope import Undecryptable

MOST = 64
REMEMBERED_SECONDS = 2.0
MOST_REMEMBERED = 1_000
log = structlog.get_logger()
_mine = threading.local()
_known: dict[tuple[str, str], tuple[float, AccountFacts]] = {}


def ear_of(account: AccountFacts) -> Feedback | None:
    """What hears for this account; None where its provider reports nothing, or it cannot be opened as it stands."""
    wired = installed()
    ears: dict[tuple[int, str], Feedback] = _mine.__dict__.setdefault("ears", {})
    key = (id(wired), account.version)
    if key not in ears:
        try:
            entry = wired.registry.check(account.url, account.channel)
            if entry.feedback is None:
                return None
            host = replace(wired.host, callback_url=doors.callback_urls([account]).get(account.id, ""))
            heard = entry.feedback(account.url, account.channel, host)
        except Misconfigured as fault:
            log.error("account_deaf", account=account.label, fault=str(fault))
            return None
        if len(ears) >= MOST:
            ears.clear()
        ears[key] = heard
    return ears[key]


def account_behind(provider: str, token: str, now: datetime) -> AccountFacts | None:
    """The account that a token names; known for REMEMBERED_SECONDS, for some vendors call thousands of times a second.
    Raises Undecryptable."""
    key = (provider, token)
    known = _known.get(key)
    if known is not None and known[0] > monotonic():
        return known[1]
    row = doors.account_behind(provider, token, now)
    if row is None:
        return None
    if len(_known) >= MOST_REMEMBERED:
        _known.clear()
    account = book.facts_of(row)
    _known[key] = (monotonic() + REMEMBERED_SECONDS, account)
    return account


def forget() -> None:
    """Look every token up anew."""
    _known.clear()


def accounts_of(ids: Collection[UUID]) -> dict[UUID, AccountFacts]:
    """The accounts of these ids; removed ones, and those that cannot be opened, are absent."""
    found = {}
    for row in Account.objects.filter(pk__in=list(ids)):
        try:
            found[row.id] = book.facts_of(row)
        except Undecryptable as error:
            log.error("account_unreadable", account=f"{row.channel}.{row.name}", fault=str(error))
    return found
