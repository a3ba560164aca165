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
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts

REFRESH_SECONDS = 3.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """An open account."""

    account: AccountFacts
    provider: Provider = field(repr=False)


class Carriers:
    """The open accounts of one slot for one channel."""

    def __init__(self, channel: ChannelKey) -> None:
        self._channel = channel
        self._accounts: list[AccountFacts] = []
        self._open: dict[str, Provider] = {}
        self._read_at = float("-inf")

    def usable(self, now: datetime) -> Sequence[Carrier]:
        """Accounts in order of preference, without the paused and those resting after a fault."""
        if time.monotonic() - self._read_at > REFRESH_SECONDS:
            self._refresh()
        carriers = []
        for account in self._accounts:
            resting = account.faulty_until is not None and account.faulty_until > now
            if not account.paused and not resting:
                provider = self._provider(account, now)
                if provider is not None:
                    carriers.append(Carrier(account=account, provider=provider))
        return carriers

    def forget(self) -> None:
        """Read the accounts anew before the next batch (one was just found faulty)."""
        self._read_at = float("-inf")

    def close(self) -> None:
        """Give back every connection."""
        for provider in self._open.values():
            provider.close()
        self._open.clear()

    def _refresh(self) -> None:
        self._accounts = book.of_channel(self._channel)
        current = {account.version for account in self._accounts}
        for version in set(self._open) - current:
            self._open.pop(version).close()
        self._read_at = time.monotonic()

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
