"""Step: route. Which accounts carry a channel, opened and kept open between batches.

Each worker slot owns its carriers, so a provider is used by one thread at a time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import structlog

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.provider import Provider
from clarion.flows.delivery.breaking import Circuit
from clarion.flows.delivery.shares import Shares
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts
from clarion.records.accounts.opening import open_account
from clarion.records.categories.catalog import catalog
from clarion.records.feedback import doors
from clarion.records.pacing import gcra
from clarion.records.pacing.breakers import breakers
from clarion.records.pacing.purse import Purse
from clarion.records.reputation import guard
from clarion.records.reputation.guard import Barred

REFRESH_SECONDS = 3.0
NOTHING_BARRED = Barred()
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """An open account, the tokens this slot holds for it (None: unlimited), its breaker, the turns it takes with
    others, and the categories that the reputation guard keeps from it."""

    account: AccountFacts
    provider: Provider = field(repr=False)
    purse: Purse | None = field(repr=False)
    circuit: Circuit = field(repr=False)
    shares: Shares = field(repr=False)
    barred: frozenset[str] = frozenset()


class Carriers:
    """The open accounts of one slot for one channel. `opens_in`: of the accounts that `usable` left out because their
    breaker is open, the first may be tried in so many seconds; None: it left out none. Bulk work leaves half of an
    account's bucket to the rest."""

    def __init__(self, channel: ChannelKey, *, bulk: bool = False) -> None:
        self._channel = channel
        self._bulk = bulk
        self._purses: dict[str, Purse] = {}
        self._circuits: dict[str, Circuit] = {}
        self.opens_in: float | None = None
        self._accounts: list[AccountFacts] = []
        self._shares = Shares()
        self._leader: UUID | None = None
        self._open: dict[str, Provider] = {}
        self._callbacks: dict[UUID, str] = {}
        self._barred: dict[str, Barred] = {}
        self._read_at = float("-inf")

    def usable(self, now: datetime) -> Sequence[Carrier]:
        """Accounts in order of preference, without the paused, those resting after a fault, and open breakers; of one
        position, the leader first, then who is most behind its share."""
        self._read()
        self.opens_in = None
        able = [each for each in self._accounts if not each.paused and not _rests(each, now)]
        candidates = [each for each in able if not self._barred.get(each.name, NOTHING_BARRED).whole]
        views = breakers.look([account.label for account in candidates])
        carriers = []
        for account in candidates:
            circuit = self._circuits.setdefault(account.label, Circuit(account.label))
            circuit.view = views[account.label]
            if circuit.view.refuses:
                self.note_rest(circuit.view.opens_in)
            elif (provider := self._provider(account, now)) is not None:
                carriers.append(self._carrier(account, provider, circuit))
        return self._in_turn(carriers)

    def lead(self, carrier: Carrier | None) -> None:
        """The next batch is claimed for this one: it goes first among those of its position. None: whose turn it is."""
        self._leader = carrier.account.id if carrier else None

    def names(self) -> frozenset[str]:
        """All accounts of the channel, whatever their state."""
        self._read()
        return frozenset(account.name for account in self._accounts)

    def carrying(self, kind: str, now: datetime) -> frozenset[str]:
        """The accounts, whatever their state, that carry this kind of target; one that cannot be opened now may."""
        self._read()
        return frozenset(each.name for each in self._accounts if not kind or self._may_take(each, kind, now))

    def _may_take(self, account: AccountFacts, kind: str, now: datetime) -> bool:
        away = account.paused or _rests(account, now)
        provider = self._open.get(self._key(account)) if away else self._provider(account, now)
        return provider is None or provider.declaration.takes(kind)

    def _carrier(self, account: AccountFacts, provider: Provider, circuit: Circuit) -> Carrier:
        return Carrier(
            account=account,
            provider=provider,
            purse=self._purse(account, provider),
            circuit=circuit,
            shares=self._shares,
            barred=_keys(self._barred.get(account.name, NOTHING_BARRED)),
        )

    def guarded(self, category: str) -> bool:
        """Whether the reputation guard keeps this category, or everything, from one of the accounts."""
        return any(each.whole or category in _keys(each) for each in self._barred.values())

    def _in_turn(self, carriers: Sequence[Carrier]) -> list[Carrier]:
        by_id = {carrier.account.id: carrier for carrier in carriers}
        turns = self._shares.order([carrier.account for carrier in carriers])
        # sorting is stable: it only takes the leader to the front of its position
        turns.sort(key=lambda account: (account.position, account.id != self._leader))
        return [by_id[account.id] for account in turns]

    def note_rest(self, seconds: float) -> None:
        """An account rests behind its breaker for so long."""
        self.opens_in = seconds if self.opens_in is None else min(seconds, self.opens_in)

    def empty_purses(self) -> None:
        """Give back the tokens that were not used."""
        for purse in self._purses.values():
            purse.empty()

    def forget(self) -> None:
        """Read the accounts anew before the next batch (one was just found faulty)."""
        self._read_at = float("-inf")

    def close(self) -> None:
        """Give back every connection and token."""
        self.empty_purses()
        self._purses.clear()
        self._circuits.clear()
        for provider in self._open.values():
            provider.close()
        self._open.clear()

    def _read(self) -> None:
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self._refresh()

    def _refresh(self) -> None:
        self._accounts = book.of_channel(self._channel)
        self._callbacks = doors.callback_urls(self._accounts)
        self._barred = guard.barred(self._channel)
        current = {self._key(account) for account in self._accounts}
        for version in set(self._open) - current:
            self._open.pop(version).close()
        self._read_at = time.monotonic()

    def _purse(self, account: AccountFacts, provider: Provider) -> Purse | None:
        key = f"account:{account.id}"
        limit = book.limit_of(account, provider.declaration.default_rate)
        if limit is None:
            self._purses.pop(key, None)
            return None
        limit = gcra.behind(limit) if self._bulk else limit
        purse = self._purses.get(key)
        if purse is None or purse.limit != limit:
            purse = self._purses[key] = Purse(key, limit)
        return purse

    def _key(self, account: AccountFacts) -> str:
        """With other credentials, or another callback URL, it is opened anew."""
        return f"{account.version} {self._callbacks.get(account.id, '')}"

    def _provider(self, account: AccountFacts, now: datetime) -> Provider | None:
        provider = self._open.get(self._key(account))
        if provider is None:
            try:
                provider = open_account(account, self._callbacks.get(account.id, ""))
            except Misconfigured as fault:
                log.error("account_misconfigured", account=account.name, channel=account.channel, fault=str(fault))
                book.note_fault(account.id, str(fault), now)
                self.forget()
                return None
            self._open[self._key(account)] = provider
        return provider


def _keys(barred: Barred) -> frozenset[str]:
    found = [catalog.find(one) for one in barred.categories]
    return frozenset(category.key for category in found if category is not None)


def _rests(account: AccountFacts, now: datetime) -> bool:
    return account.faulty_until is not None and account.faulty_until > now
