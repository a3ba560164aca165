"""Opening an account: the one place where its URL becomes a provider. Connects nowhere."""

from dataclasses import replace

from clarion.contract.faults import Misconfigured
from clarion.contract.provider import Provider
from clarion.contract.registry import installed
from clarion.records.accounts.book import AccountFacts


def open_account(account: AccountFacts, callback_url: str = "") -> Provider:
    """The provider of an account, which tells its vendor to report to `callback_url`. Raises Misconfigured, also for an
    option that it would not honour."""
    wired = installed()
    host = replace(wired.host, callback_url=callback_url) if callback_url else wired.host
    provider = wired.registry.open(account.url, account.channel, host)
    asked, declared = account.url.concurrency, provider.declaration.concurrency
    if asked is not None and asked != declared:
        provider.close()
        raise Misconfigured(f"{account.url.scheme}: concurrency= cannot be set; it makes {declared} calls at a time")
    return provider
