"""Categories by key or id, remembered by each process for a moment (REMEMBER_SECONDS)."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from clarion.contract.rate import Rate, parse_rate
from clarion.records import hot
from clarion.records.categories.chain import ChainRule, chain_of
from clarion.records.categories.grouping import GroupRule, group_rule
from clarion.records.categories.models import Category, Kind, Misfire, WhenUnclear
from clarion.records.categories.policy import NO_CAP, Cap, QuietPolicy
from clarion.records.categories.retry import CHANNELS_OWN, RetryRule, rule_of

REMEMBER_SECONDS = 2.0
LOOK_AGAIN_SECONDS = 0.2
GENERAL = "general"


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryFacts:
    """What the flows need of a category. `dedup_window` zero: no repeat is held back. `skip_after` None: what was due
    long ago is still sent. `user_limit`: for one person on one channel, in place of the channel's own; `rate`: for the
    whole category. `hold_unclear`: what may have been taken is held for an answer rather than sent again.
    `default_enabled` and what follows it: what holds for people's wishes (records/preferences/policies.py)."""

    id: int
    key: str
    marketing: bool
    essential: bool
    default_priority: int
    default_channels: tuple[str, ...]
    dedup_window: timedelta = timedelta(0)
    skip_after: timedelta | None = None
    retry: RetryRule = CHANNELS_OWN
    user_limit: Rate | None = None
    rate: Rate | None = None
    hold_unclear: bool = False
    fallback: ChainRule | None = None
    grouping: GroupRule | None = None
    default_enabled: bool = True
    channel_defaults: Mapping[str, bool] = field(default_factory=dict, hash=False)
    quiet_policy: QuietPolicy = QuietPolicy.HOLD
    digestible: bool = True
    digest_template: str = ""
    cap: Cap = NO_CAP
    skip_push_when_online: bool = False


# which rows there are, and in which writing: another for every change, by whatever writer. Thousands of categories are
# read anew only when one of them changed, for reading them takes half a second
_WRITTEN = "SELECT count(*), sum(hashtextextended(xmin::text || ctid::text, 0)) FROM categories_category"


class _Catalog:
    def __init__(self) -> None:
        self._written: hot.Row = ()
        self._by_id: dict[int, CategoryFacts] = {}
        self._by_key: dict[str, CategoryFacts] = {}
        self._read_at = float("-inf")

    def find(self, name: int | str) -> CategoryFacts | None:
        """By id or key. What is not known is looked for once more in the table, so new ones work at once."""
        if time.monotonic() - self._read_at > REMEMBER_SECONDS:
            self.read()
        found = self._get(name)
        if found is None:
            self.read()
            found = self._get(name)
        return found

    def find_known(self, key: str) -> CategoryFacts | None:
        """By key alone, looked for in the table once more at most in a moment however many are unknown."""
        found = self._by_key.get(key)
        if found is None and time.monotonic() - self._read_at > LOOK_AGAIN_SECONDS:
            self.read()
            found = self._by_key.get(key)
        return found

    def all(self) -> list[CategoryFacts]:
        """Every category, by key."""
        if time.monotonic() - self._read_at > REMEMBER_SECONDS:
            self.read()
        return [self._by_key[key] for key in sorted(self._by_key)]

    def _get(self, name: int | str) -> CategoryFacts | None:
        if isinstance(name, int):
            return self._by_id.get(name)
        return self._by_key.get(name)

    def read(self) -> None:
        """Look at the table: what is found afterwards is as it is now."""
        written = hot.fetch(_WRITTEN, ())[0]
        if written != self._written:
            self._read_all()
            # asked before reading: what changed in between is seen the next time
            self._written = written
        self._read_at = time.monotonic()

    def _read_all(self) -> None:
        facts = [_facts(row) for row in Category.objects.all()]
        self._by_id = {f.id: f for f in facts}
        self._by_key = {f.key: f for f in facts}


def _facts(row: Category) -> CategoryFacts:
    return CategoryFacts(
        id=row.id,
        key=row.key,
        marketing=row.kind == Kind.MARKETING,
        essential=row.essential,
        default_priority=row.default_priority,
        default_channels=tuple(row.default_channels),
        dedup_window=timedelta(seconds=row.dedup_window_seconds),
        skip_after=timedelta(seconds=row.misfire_after_seconds) if row.misfire == Misfire.SKIP else None,
        retry=rule_of(row.retry),
        user_limit=parse_rate(row.user_limit) if row.user_limit else None,
        rate=parse_rate(row.rate) if row.rate else None,
        hold_unclear=_holds(row),
        fallback=chain_of(row.fallback),
        grouping=group_rule(row.group_above, row.group_window_seconds, row.group_channels, row.group_template),
        default_enabled=row.default_enabled,
        channel_defaults=row.channel_defaults,
        quiet_policy=QuietPolicy(row.quiet_policy),
        digestible=row.digestible,
        digest_template=row.digest_template,
        cap=Cap(row.cap_per_day, row.cap_per_week),
        skip_push_when_online=row.skip_push_when_online,
    )


def _holds(row: Category) -> bool:
    """A second copy of an advertisement does harm; a missing code or receipt does more than a second one."""
    return row.unclear == WhenUnclear.HOLD or (not row.unclear and row.kind == Kind.MARKETING)


catalog = _Catalog()
