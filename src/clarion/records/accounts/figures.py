"""Which accounts are there and which of them are held up, for operators. Nothing sealed is read."""

from dataclasses import dataclass

from clarion.records.accounts.book import in_charge
from clarion.records.accounts.models import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """`label` as the API names it (`email.main`); `paused` by staff; `faulty`: it cannot work as it is configured."""

    label: str
    paused: bool
    faulty: bool


def states() -> list[AccountState]:
    """All accounts in charge, by label: without a sandbox that stands aside."""
    by_channel: dict[str, list[Account]] = {}
    for row in Account.objects.only("channel", "name", "provider", "from_environment", "paused", "fault"):
        by_channel.setdefault(row.channel, []).append(row)
    found = [
        AccountState(label=f"{row.channel}.{row.name}", paused=row.paused, faulty=bool(row.fault))
        for rows in by_channel.values()
        for row in in_charge(rows)
    ]
    return sorted(found, key=lambda each: each.label)
