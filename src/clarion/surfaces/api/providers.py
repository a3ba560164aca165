"""Provider accounts for operators: what carries which channel, and pausing it. Never a secret."""

import msgspec

from clarion.contract.faults import Misconfigured, ProviderFault
from clarion.contract.registry import installed
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import book
from clarion.records.accounts.models import Account
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant
from clarion.surfaces.api.problems import Refusal


class AccountOut(msgspec.Struct, frozen=True, kw_only=True):
    """An account; `url` is shown without credentials and options."""

    name: str
    channel: str
    provider: str
    url: str
    position: int
    state: str
    fault: str
    fault_at: Instant | None
    from_environment: bool


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts, by channel and order of preference."""

    results: list[AccountOut]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether address and credentials work; nothing was sent."""

    ok: bool
    detail: str


def _out(row: Account) -> AccountOut:
    state = "paused" if row.paused else "faulty" if row.fault else "active"
    return AccountOut(
        name=f"{row.channel}.{row.name}",
        channel=row.channel,
        provider=row.provider,
        url=row.shown,
        position=row.position,
        state=state,
        fault=row.fault,
        fault_at=row.fault_at,
        from_environment=row.from_environment,
    )


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
        rows = Account.objects.order_by("channel", "position", "name")
        return Answer(value=Accounts(results=[_out(row) for row in rows]))


class PauseView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: AccountOut}, problems=(404,))
    def post(self, call: Call, name: str) -> Answer:
        """Pause an account: it is passed over within seconds; what has no other account waits."""
        row = _find(name)
        row.paused = True
        row.save(update_fields=["paused", "updated_at"])
        return Answer(value=_out(row))


class ResumeView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: AccountOut}, problems=(404,))
    def post(self, call: Call, name: str) -> Answer:
        """Resume a paused or faulty account."""
        row = _find(name)
        row.paused, row.fault, row.fault_at = False, "", None
        row.save(update_fields=["paused", "fault", "fault_at", "updated_at"])
        return Answer(value=_out(row))


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
