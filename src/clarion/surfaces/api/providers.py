"""Provider accounts for operators: what carries which channel, how fast, how well, and pausing it. Never a secret."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.faults import Misconfigured, ProviderFault
from clarion.contract.registry import installed
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.accounts.book import AccountFacts
from clarion.records.accounts.models import Account
from clarion.records.pacing.breakers import View, breakers
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant, RateText
from clarion.surfaces.api.problems import Refusal


class LimitOut(msgspec.Struct, frozen=True, kw_only=True):
    """How fast the account goes: `rate`, and `burst` at once after a rest. `source`: staff, url or provider."""

    rate: str
    burst: int
    source: str


class BreakerOut(msgspec.Struct, frozen=True, kw_only=True):
    """The account's circuit breaker: closed, open (nothing is sent until `opens_until`), half_open (one probe is out).
    `failures` are those of the last minute."""

    state: str
    failures: int
    opens_until: Instant | None


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """An account; `url` is shown without credentials and options. `limit` null: as fast as it can."""

    name: str
    channel: str
    provider: str
    url: str
    position: int
    state: str
    fault: str
    fault_at: Instant | None
    from_environment: bool
    limit: LimitOut | None
    breaker: BreakerOut


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff may set over the configuration; null returns to it. Accounts with a lower `position` come first."""

    rate: RateText | UnsetType | None = UNSET
    burst: Annotated[int, Meta(ge=1, le=999_999)] | UnsetType | None = UNSET
    position: Annotated[int, Meta(ge=0, le=1_000)] | UnsetType | None = UNSET
    paused: bool | UnsetType = UNSET


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts, by channel and order of preference."""

    results: list[AccountOut]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether address and credentials work; nothing was sent."""

    ok: bool
    detail: str


def _outs(rows: Sequence[Account]) -> list[AccountOut]:
    views = breakers.look([_label(row) for row in rows])
    return [_out(row, views[_label(row)]) for row in rows]


def _label(row: Account) -> str:
    return f"{row.channel}.{row.name}"


def _one(row: Account) -> AccountOut:
    return _outs([row])[0]


def _out(row: Account, view: View) -> AccountOut:
    state = "paused" if row.paused else "faulty" if row.fault else "active"
    return AccountOut(
        name=_label(row),
        channel=row.channel,
        provider=row.provider,
        url=row.shown,
        position=row.position if row.set_position is None else row.set_position,
        state=state,
        fault=row.fault,
        fault_at=row.fault_at,
        from_environment=row.from_environment,
        limit=_limit(row),
        breaker=_breaker(view),
    )


def _breaker(view: View) -> BreakerOut:
    until = clock.now() + timedelta(seconds=view.opens_in) if view.refuses else None
    return BreakerOut(state=view.phase, failures=view.failures, opens_until=until)


def _limit(row: Account) -> LimitOut | None:
    facts = book.facts_of(row)
    limit = book.limit_of(facts, "" if facts.rate else _declared_rate(facts))
    if limit is None:
        return None
    source = "staff" if row.set_rate else "url" if facts.rate else "provider"
    return LimitOut(rate=str(limit.rate), burst=limit.burst, source=source)


def _declared_rate(facts: AccountFacts) -> str:
    """What the provider declares; it is opened for that, which connects nowhere."""
    wired = installed()
    try:
        provider = wired.registry.open(facts.url, facts.channel, wired.host)
    except Misconfigured:
        return ""
    declared = provider.declaration.default_rate
    provider.close()
    return declared


def _find(name: str) -> Account:
    channel, _, own = name.partition(".")
    row = Account.objects.filter(channel=channel, name=own).first()
    if row is None:
        raise Refusal(404, "provider_not_found", "there is no such account; see GET /providers")
    return row


class ProvidersView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: Accounts})
    def get(self, call: Call) -> Answer:
        """List provider accounts."""
        rows = Account.objects.order_by("channel", book.PREFERENCE, "name")
        return Answer(value=Accounts(results=_outs(list(rows))))


class ProviderView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: AccountOut}, problems=(404,))
    def get(self, call: Call, name: str) -> Answer:
        """Show an account."""
        return Answer(value=_one(_find(name)))

    @operation(permission=Permission.STAFF, body=AccountChange, answers={200: AccountOut}, problems=(404,))
    def patch(self, call: Call, name: str) -> Answer:
        """Set an account's rate, burst or place in the order, or pause it; takes effect within seconds."""
        row = _find(name)
        change: AccountChange = call.body
        if change.rate is not UNSET:
            row.set_rate = change.rate or ""
        if change.burst is not UNSET:
            row.set_burst = change.burst
        if change.position is not UNSET:
            row.set_position = change.position
        if change.paused is not UNSET:
            row.paused = change.paused
        row.save(update_fields=["set_rate", "set_burst", "set_position", "paused", "updated_at"])
        return Answer(value=_one(row))


class PauseView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: AccountOut}, problems=(404,))
    def post(self, call: Call, name: str) -> Answer:
        """Pause an account: it is passed over within seconds; what has no other account waits."""
        row = _find(name)
        row.paused = True
        row.save(update_fields=["paused", "updated_at"])
        return Answer(value=_one(row))


class ResumeView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: AccountOut}, problems=(404,))
    def post(self, call: Call, name: str) -> Answer:
        """Resume a paused or faulty account, and close its breaker."""
        row = _find(name)
        row.paused, row.fault, row.fault_at = False, "", None
        row.save(update_fields=["paused", "fault", "fault_at", "updated_at"])
        breakers.reset(_label(row))
        return Answer(value=_one(row))


class ProbeView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: Probe}, problems=(404,), idempotent_key=False)
    def post(self, call: Call, name: str) -> Answer:
        """Check an account's address and credentials without sending."""
        facts = book.facts_of(_find(name))
        wired = installed()
        try:
            provider = wired.registry.open(facts.url, facts.channel, wired.host)
        except Misconfigured as fault:
            return Answer(value=Probe(ok=False, detail=str(fault)))
        try:
            provider.probe()
        except ProviderFault as fault:
            return Answer(value=Probe(ok=False, detail=f"{type(fault).__name__}: {fault}"))
        finally:
            provider.close()
        return Answer(value=Probe(ok=True, detail=f"checked at {clock.now():%H:%M:%S} UTC"))
