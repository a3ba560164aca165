"""Which providers there are. Two explicit lists in config/wiring.py and entry points fill it; frozen at start."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from clarion.contract.account import AccountUrl
from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured
from clarion.contract.feedback import FeedbackFactory
from clarion.contract.host import Host
from clarion.contract.provider import Provider

Factory = Callable[[AccountUrl, ChannelKey, Host], Provider]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A provider kind: the URL scheme that names it, what it carries, how to open an account, and how to hear what
    the vendor reports of it later (None: it reports nothing). `credentials_only`: its URL names no host.
    `file_options` and `file_path`: which options name a file of the machine's, and whether the URL's path does."""

    scheme: str
    channels: frozenset[ChannelKey]
    open: Factory
    feedback: FeedbackFactory | None = None
    credentials_only: bool = False
    file_options: frozenset[str] = frozenset()
    file_path: bool = False

    def file_named(self, account: AccountUrl) -> str:
        """What in this URL names a file of the machine's: an option, or `the path`; empty where nothing does."""
        named = sorted(option for option in self.file_options if account.options.get(option))
        return f"{named[0]}=" if named else "the path" if self.file_path and account.path else ""


class Registry:
    """Scheme → Entry. Filled once at start; afterwards read-only."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        known: dict[str, Entry] = {}
        for entry in entries:
            if entry.scheme in known:
                raise Misconfigured(f"two providers claim the scheme {entry.scheme}://")
            known[entry.scheme] = entry
        self.entries: Mapping[str, Entry] = MappingProxyType(known)

    def check(self, account: AccountUrl, channel: ChannelKey) -> Entry:
        """The entry that carries `channel` for this URL; raises Misconfigured with what to write instead."""
        entry = self.entries.get(account.scheme)
        if entry is None:
            raise Misconfigured(f"unknown provider {account.scheme}://; known: {', '.join(sorted(self.entries))}")
        if channel not in entry.channels:
            carried = ", ".join(sorted(entry.channels))
            raise Misconfigured(f"{account.scheme}:// carries {carried}, not {channel}")
        if entry.credentials_only and account.host:
            # most often a key without its @, which would become the account's name and be shown
            raise Misconfigured(f"{account.scheme}:// takes no host: end the credentials with an @, before the options")
        return entry

    def open(self, account: AccountUrl, channel: ChannelKey, host: Host) -> Provider:
        """Open the account for a channel. Raises Misconfigured."""
        return self.check(account, channel).open(account, channel, host)


@dataclass(frozen=True, slots=True)
class Installed:
    """The frozen registry and the ports, as config wired them."""

    registry: Registry
    host: Host


_installed: list[Installed] = []


def install(registry: Registry, host: Host) -> None:
    """Called once at start (and by tests that bring their own providers)."""
    _installed[:] = [Installed(registry, host)]


def installed() -> Installed:
    """What was installed; raises RuntimeError before start-up is through."""
    if not _installed:
        raise RuntimeError("no provider registry is installed: config/wiring.py has not run")
    return _installed[0]
