"""Which accounts carry a channel, in order; mirrored from the environment at start, switched off on faults.

Accounts of a lower position come first; those of the same position share the work by weight. Staff add others with
additions.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce

from clarion.contract.account import AccountUrl, parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.rate import Rate, parse_rate
from clarion.contract.registry import installed
from clarion.records import clock
from clarion.records.accounts.models import Account
from clarion.records.pacing.gcra import Limit, paced
from clarion.records.personal.envelope import Undecryptable

FAULT_REST = timedelta(seconds=60)
PREFERENCE = Coalesce("set_position", "position")
STAND_IN = "sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """An account as routing sees it. `rate` and `burst` None: as the provider declares. Of accounts of one `position`,
    each gets its `weight`'s share."""

    id: UUID
    channel: ChannelKey
    name: str
    url: AccountUrl = field(repr=False)
    paused: bool
    faulty_until: datetime | None
    rate: Rate | None
    burst: int | None
    version: str
    position: int = 0
    weight: int = 1

    @property
    def label(self) -> str:
        """As the API names it: `email.main`."""
        return f"{self.channel}.{self.name}"


def mirror(configured: Mapping[ChannelKey, list[str]]) -> None:
    """Make the rows of environment accounts equal to the environment; what staff set stays. Raises Misconfigured."""
    with transaction.atomic():
        for channel, urls in configured.items():
            names = [_mirror_one(channel, place, url) for place, url in zip(positions(urls), urls, strict=True)]
            Account.objects.filter(channel=channel, from_environment=True).exclude(name__in=names).delete()


def positions(urls: Sequence[str]) -> list[int]:
    """The positions of URLs in their order: neighbours that all have `weight=` share one, the others stand alone."""
    found: list[int] = []
    sharing = False
    for place, url in enumerate(urls):
        weighted = parse_account_url(url).weight is not None
        found.append(found[-1] if weighted and sharing else place)
        sharing = weighted
    return found


def _mirror_one(channel: ChannelKey, position: int, url: str) -> str:
    parsed = parse_account_url(url)
    installed().registry.check(parsed, channel)  # before its name and host are written down
    row = Account.objects.select_for_update().filter(channel=channel, name=parsed.name).first()
    row = row or Account(channel=channel, name=parsed.name)
    if row.url_sealed is None or row.url_sealed == b"" or row.url != url:
        row.url = url
        row.fault, row.fault_at = "", None
    row.provider, row.shown, row.position, row.from_environment = parsed.scheme, parsed.shown, position, True
    row.weight = parsed.weight or 1
    row.save()
    return parsed.name


def of_channel(channel: ChannelKey) -> list[AccountFacts]:
    """The channel's accounts, preferred first; without the sandbox that stood in for them until one was added."""
    rows = in_charge(list(Account.objects.filter(channel=channel).order_by(PREFERENCE, "name")))
    found = []
    for row in rows:
        try:
            found.append(facts_of(row))
        except Undecryptable:
            if not row.fault:
                note_fault(row.id, "its URL cannot be opened: add its key back to the ring", clock.now())
    return found


def in_charge(rows: Sequence[Account]) -> list[Account]:
    """Of one channel's rows those that may carry anything. What staff added makes the sandbox of an unconfigured
    channel step aside, for else mail would seem to be sent."""
    added = any(not row.from_environment for row in rows)
    return [row for row in rows if not (added and row.from_environment and row.provider == STAND_IN)]


def require_readable() -> None:
    """Raise Undecryptable when an account's URL cannot be opened (with the wrong keys, usually none can)."""
    for row in Account.objects.all():
        facts_of(row)


def facts_of(row: Account) -> AccountFacts:
    """A row as routing sees it."""
    url = parse_account_url(str(row.url))
    rate = parse_rate(row.set_rate) if row.set_rate else url.rate
    return AccountFacts(
        id=row.id,
        channel=ChannelKey(row.channel),
        name=row.name,
        url=url,
        paused=row.paused,
        faulty_until=row.fault_at + FAULT_REST if row.fault_at else None,
        rate=rate,
        # a burst in the URL belongs to the rate in the URL
        burst=row.set_burst or (None if row.set_rate else url.burst),
        version=f"{row.id}:{bytes(row.url_sealed[:17]).hex()}",
        position=row.position if row.set_position is None else row.set_position,
        weight=row.set_weight or row.weight,
    )


def limit_of(account: AccountFacts, default_rate: str) -> Limit | None:
    """Staff's rate, else the URL's, else the provider's default; None: unlimited."""
    rate = account.rate or (parse_rate(default_rate) if default_rate else None)
    return paced(rate, account.burst) if rate is not None else None


def note_fault(account_id: UUID, text: str, now: datetime) -> None:
    """The account cannot work until a person changes it; it is left alone for FAULT_REST and then tried again."""
    Account.objects.filter(pk=account_id).update(fault=text[:500], fault_at=now)


def clear_fault(account_id: UUID) -> None:
    """The account works (again)."""
    Account.objects.filter(pk=account_id).exclude(fault="").update(fault="", fault_at=None)
