"""The provider accounts: would each carry anything? Opens a connection and logs in; sends nothing."""

from clarion.channels.registry import CHANNELS
from clarion.contract.faults import Misconfigured, ProviderFault
from clarion.contract.registry import installed
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts
from clarion.records.personal.envelope import Undecryptable
from clarion.surfaces.cli.diagnosis.finding import Finding, failed, note, ok, warning


def probe_all() -> list[Finding]:
    """One finding an account, in the order in which they are tried. The database must have its tables."""
    try:
        book.require_readable()
        accounts = {channel: book.of_channel(channel) for channel in CHANNELS}
    except Undecryptable:
        remedy = "add the key this database was made with back to CLARION_ENCRYPTION_KEYS, at the end"
        return [failed("encryption keys", "what is stored cannot be opened with these keys", remedy)]
    return [finding for channel, known in accounts.items() for finding in _of_channel(known, str(channel))]


def _of_channel(accounts: list[AccountFacts], channel: str) -> list[Finding]:
    if not accounts:
        return [failed(channel, "no account carries this channel", "run `clarion manage mirror_accounts`")]
    return [_probe(account, f"{channel}: {account.name}") for account in accounts]


def _probe(account: AccountFacts, subject: str) -> Finding:
    lent = installed()
    try:
        provider = lent.registry.open(account.url, account.channel, lent.host)
        try:
            provider.probe()
        finally:
            provider.close()
    except Misconfigured as fault:
        return failed(subject, str(fault), f"correct CLARION_{account.channel.upper()} and start again")
    except ProviderFault as fault:
        return failed(subject, str(fault), "check its address, the network and the provider's status page")
    if account.paused:
        return warning(subject, "well, but paused by staff", "resume it in the console under Providers")
    if account.url.scheme == "sandbox":
        return note(subject, "delivers to the local outbox only", f"set CLARION_{account.channel.upper()} to go live")
    return ok(subject, "answers")
