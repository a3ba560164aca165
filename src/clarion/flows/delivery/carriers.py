"""Step: route. Which accounts carry a channel, opened and kept open between batches.

Each worker slot owns its carriers, so a provider is used by one thread at a time.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.provider import Provider
from clarion.contract.registry import installed
from clarion.flows.delivery.breaking import Circuit
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts
from clarion.records.pacing import gcra
from clarion.records.pacing.breakers import breakers
from clarion.records.pacing.purse import Purse

REFRESH_SECONDS = 3.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """An open account, the tokens this slot holds for it (None: unlimited), and its breaker."""

    account: AccountFacts
    provider: Provider = field(repr=False)
    purse: Purse | None = field(repr=False)
    circuit: Circuit = field(repr=False)


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
        self._open: dict[str, Provider] = {}
        self._read_at = float("-inf")

    def usable(self, now: datetime) -> Sequence[Carrier]:
        """Accounts in order of preference, without the paused, those resting after a fault, and open breakers."""
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self._refresh()
        self.opens_in = None
        candidates = [each for each in self._accounts if not each.paused and not _rests(each, now)]
        views = breakers.look([account.label for account in candidates])
        carriers = []
        for account in candidates:
            circuit = self._circuits.setdefault(account.label, Circuit(account.label))
            circuit.view = views[account.label]
            if circuit.view.refuses:
                self.note_rest(circuit.view.opens_in)
            elif (provider := self._provider(account, now)) is not None:
                purse = self._purse(account, provider)
                carriers.append(Carrier(account=account, provider=provider, purse=purse, circuit=circuit))
        return carriers

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

    def _refresh(self) -> None:
        self._accounts = book.of_channel(self._channel)
        current = {account.version for account in self._accounts}
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

    def _provider(self, account: AccountFacts, now: datetime) -> Provider | None:
        provider = self._open.get(account.version)
        if provider is None:
            wired = installed()
            try:
                provider = wired.registry.open(account.url, account.channel, wired.host)
            except Misconfigured as fault:
                log.error("account_misconfigured", account=account.name, channel=account.channel, fault=str(fault))
                book.note_fault(account.id, str(fault), now)
                self.forget()
                return None
            self._open[account.version] = provider
        return provider


def _rests(account: AccountFacts, now: datetime) -> bool:
    return account.faulty_until is not None and account.faulty_until > now
