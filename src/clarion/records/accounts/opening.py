"""Opening an account: the one place where its URL becomes a provider. Connects nowhere."""

from clarion.contract.faults import Misconfigured
from clarion.contract.provider import Provider
from clarion.contract.registry import installed
from clarion.records.accounts.book import AccountFacts


def open_account(account: AccountFacts) -> Provider:
    """The provider of an account. Raises Misconfigured, also for an option that it would not honour."""
    wired = installed()
    provider = wired.registry.open(account.url, account.channel, wired.host)
    asked, declared = account.url.concurrency, provider.declaration.concurrency
    if asked is not None and asked != declared:
        provider.close()
        raise Misconfigured(f"{account.url.scheme}: concurrency= cannot be set; it makes {declared} calls at a time")
    return provider
