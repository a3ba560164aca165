"""Which accounts carry a channel, in order; mirrored from the environment at start, switched off on faults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce

from clarion.contract.account import AccountUrl, parse_account_url
from clarion.contract.channel import ChannelKey
from clarion.contract.rate import Rate, parse_rate
from clarion.records import clock
from clarion.records.accounts.models import Account
from clarion.records.pacing.gcra import Limit, paced
from clarion.records.personal.envelope import Undecryptable

FAULT_REST = timedelta(seconds=60)
PREFERENCE = Coalesce("set_position", "position")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """An account as routing sees it. `rate` and `burst` None: as the provider declares."""

    id: UUID
    channel: ChannelKey
    name: str
    url: AccountUrl = field(repr=False)
    paused: bool
    faulty_until: datetime | None
    rate: Rate | None
    burst: int | None
    version: str

    @property
    def label(self) -> str:
        """As the API names it: `email.main`."""
        return f"{self.channel}.{self.name}"


def mirror(configured: Mapping[ChannelKey, list[str]]) -> None:
    """Make the rows of environment accounts equal to the environment; what staff set stays."""
    with transaction.atomic():
        for channel, urls in configured.items():
            names = [_mirror_one(channel, position, url) for position, url in enumerate(urls)]
            Account.objects.filter(channel=channel, from_environment=True).exclude(name__in=names).delete()


def _mirror_one(channel: ChannelKey, position: int, url: str) -> str:
    parsed = parse_account_url(url)
    row = Account.objects.select_for_update().filter(channel=channel, name=parsed.name).first()
    row = row or Account(channel=channel, name=parsed.name)
    if row.url_sealed is None or row.url_sealed == b"" or row.url != url:
        row.url = url
        row.fault, row.fault_at = "", None
    row.provider, row.shown, row.position, row.from_environment = parsed.scheme, parsed.shown, position, True
    row.save()
    return parsed.name


def of_channel(channel: ChannelKey) -> list[AccountFacts]:
    """The channel's accounts, preferred first."""
    rows = Account.objects.filter(channel=channel).order_by(PREFERENCE, "name")
    found = []
    for row in rows:
        try:
            found.append(facts_of(row))
        except Undecryptable:
            if not row.fault:
                note_fault(row.id, "its URL cannot be opened: add its key back to the ring", clock.now())
    return found


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
