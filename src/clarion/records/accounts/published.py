"""What clients must know of the accounts to register with them. Nothing secret: it is shown to anybody."""

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts
from clarion.records.accounts.opening import open_account

WEBPUSH = "webpush"
_MOST_REMEMBERED = 64
_remembered: dict[str, str] = {}


def webpush_key() -> str:
    """The public VAPID key of the preferred account that carries browsers; empty when there is none."""
    return next((key for account in book.of_channel(ChannelKey.PUSH) if (key := _key_of(account))), "")


def _key_of(account: AccountFacts) -> str:
    """Opening an account means reading its keys, so what was found is remembered as long as the URL stays."""
    known = _remembered.get(account.version)
    if known is not None:
        return known
    try:
        provider = open_account(account)
    except Misconfigured:
        return ""
    declared = provider.declaration
    provider.close()
    if len(_remembered) >= _MOST_REMEMBERED:
        _remembered.clear()
    _remembered[account.version] = declared.public_key if declared.takes(WEBPUSH) else ""
    return _remembered[account.version]
