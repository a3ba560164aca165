"""Provider accounts for operators: what carries which channel, how fast, how well; adding, weighing and pausing them.
Never a secret."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
import structlog
from django.db import transaction
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.faults import Misconfigured, ProviderFault
from clarion.contract.provider import Declaration
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.accounts import additions, book
from clarion.records.accounts.book import AccountFacts
from clarion.records.accounts.models import Account
from clarion.records.accounts.opening import open_account
from clarion.records.feedback import doors
from clarion.records.pacing.breakers import View, breakers
from clarion.records.reputation import guard
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant, RateText
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.reputation import ReputationOut, ResumeIn, reputations_of, resume_category

ProviderUrl = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=8_192,
        examples=["smtp://user:pass@mail.example.com:587"],
        extra_json_schema={"writeOnly": True},
    ),
]
AccountName = Annotated[str, Meta(max_length=64, examples=["main"])]
Position = Annotated[int, Meta(ge=0, le=1_000)]
Weight = Annotated[int, Meta(ge=1, le=1_000)]
Burst = Annotated[int, Meta(ge=1, le=999_999)]
log = structlog.get_logger()


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
    """An account; `url` is shown without credentials and options. `limit` null: as fast as it can. Accounts of a lower
    `position` come first, those of one position share the work by `weight`. `concurrency`: calls in flight for each
    worker slot, null while the account cannot be opened. `state`: active, paused, faulty, or standing_aside: the
    sandbox of a channel that has been given an account. `callback_url` is where its vendor is to report, empty where it
    reports nothing; keep it to yourselves. `reputation` says what the guard makes of it; it may pause the account."""

    name: str
    channel: str
    provider: str
    url: str
    position: int
    weight: int
    concurrency: int | None
    state: str
    fault: str
    fault_at: Instant | None
    from_environment: bool
    limit: LimitOut | None
    breaker: BreakerOut
    callback_url: str = ""
    reputation: ReputationOut | None = None


class AccountChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What staff may set over the configuration; null returns to it. Accounts with a lower `position` come first, those
    of one position share the work by `weight`. `url` is for accounts that staff added."""

    rate: RateText | UnsetType | None = UNSET
    burst: Burst | UnsetType | None = UNSET
    position: Position | UnsetType | None = UNSET
    weight: Weight | UnsetType | None = UNSET
    paused: bool | UnsetType = UNSET
    url: ProviderUrl | UnsetType = UNSET


class AccountIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account to add. `url` is as in CLARION_EMAIL and its like; it is sealed and never shown again. `name` defaults
    to the URL's; without `position` it comes behind the others."""

    channel: ChannelKey
    url: ProviderUrl
    name: AccountName = ""
    position: Position | None = None
    weight: Weight | None = None
    rate: RateText = ""
    burst: Burst | None = None
    paused: bool = False


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """All accounts, by channel and order of preference."""

    results: list[AccountOut]


class RotateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """0 ends the old URL at once: for one that others know. Vendors go on reporting to the URL that a message was sent
    with, so give them time otherwise."""

    overlap_hours: Annotated[int, Meta(ge=0, le=720)] = 72


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether address and credentials work; nothing was sent."""

    ok: bool
    detail: str


def _outs(rows: Sequence[Account]) -> list[AccountOut]:
    views = breakers.look([_label(row) for row in rows])
    channels = {row.channel for row in rows}
    siblings = Account.objects.filter(channel__in=channels)
    in_charge = {
        one.id for channel in channels for one in book.in_charge([row for row in siblings if row.channel == channel])
    }
    reputations = reputations_of([_label(row) for row in rows], rulings=len(rows) == 1)
    callbacks = doors.urls_of(rows)
    return [
        msgspec.structs.replace(
            _out(row, views[_label(row)], aside=row.id not in in_charge),
            reputation=reputations[_label(row)],
            callback_url=callbacks.get(row.id, ""),
        )
        for row in rows
    ]


def _label(row: Account) -> str:
    return f"{row.channel}.{row.name}"


def _one(row: Account) -> AccountOut:
    return _outs([row])[0]


def _out(row: Account, view: View, *, aside: bool) -> AccountOut:
    state = "paused" if row.paused else "faulty" if row.fault else "active"
    facts = book.facts_of(row)
    declared = _declared(facts)
    return AccountOut(
        name=_label(row),
        channel=row.channel,
        provider=row.provider,
        url=row.shown,
        position=facts.position,
        weight=facts.weight,
        concurrency=declared.concurrency if declared else None,
        state="standing_aside" if aside else state,
        fault=row.fault,
        fault_at=row.fault_at,
        from_environment=row.from_environment,
        limit=_limit(row, facts, declared.default_rate if declared else ""),
        breaker=_breaker(view),
    )


def _breaker(view: View) -> BreakerOut:
    until = clock.now() + timedelta(seconds=view.opens_in) if view.refuses else None
    return BreakerOut(state=view.phase, failures=view.failures, opens_until=until)


def _limit(row: Account, facts: AccountFacts, default_rate: str) -> LimitOut | None:
    limit = book.limit_of(facts, default_rate)
    if limit is None:
        return None
    source = "staff" if row.set_rate else "url" if facts.rate else "provider"
    return LimitOut(rate=str(limit.rate), burst=limit.burst, source=source)


def _declared(facts: AccountFacts) -> Declaration | None:
    """What the provider declares; it is opened for that, which connects nowhere."""
    try:
        provider = open_account(facts)
    except Misconfigured:
        return None
    declared = provider.declaration
    provider.close()
    return declared


def _find(name: str) -> Account:
    channel, _, own = name.partition(".")
    row = Account.objects.filter(channel=channel, name=own).first()
    if row is None:
        raise Refusal(404, "provider_not_found", "there is no such account; see GET /providers")
    return row


def _set(row: Account, change: AccountChange) -> list[str]:
    """Take over what is given; the names of these fields."""
    rate: str | UnsetType = UNSET if change.rate is UNSET else change.rate or ""
    given: dict[str, object] = {
        "set_rate": rate,
        "set_burst": change.burst,
        "set_position": change.position,
        "set_weight": change.weight,
        "paused": change.paused,
    }
    changed = [name for name, value in given.items() if value is not UNSET]
    for name in changed:
        setattr(row, name, given[name])
    return changed


class ProvidersView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: Accounts})
    def get(self, call: Call) -> Answer:
        """List provider accounts."""
        rows = Account.objects.order_by("channel", book.PREFERENCE, "name")
        return Answer(value=Accounts(results=_outs(list(rows))))

    @operation(permission=Permission.STAFF, body=AccountIn, answers={201: AccountOut}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Add an account; it carries messages within seconds. Its credentials are encrypted and never shown."""
        body: AccountIn = call.body
        with transaction.atomic():
            row = additions.add(body.channel, body.url, body.name)
            row.set_position, row.set_weight = body.position, body.weight
            row.set_rate, row.set_burst, row.paused = body.rate, body.burst, body.paused
            row.save()
        log.info("account_added", account=_label(row), provider=row.provider, by=str(call.caller.id))
        return Answer(status=201, value=_one(row), headers={"Location": f"/api/v1/providers/{_label(row)}"})


class ProviderView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: AccountOut}, problems=(404,))
    def get(self, call: Call, name: str) -> Answer:
        """Show an account."""
        return Answer(value=_one(_find(name)))

    @operation(permission=Permission.STAFF, body=AccountChange, answers={200: AccountOut}, problems=(404, 409))
    def patch(self, call: Call, name: str) -> Answer:
        """Set an account's rate, burst, place in the order or weight, give it another URL, or pause it; takes effect
        within seconds."""
        row = _find(name)
        change: AccountChange = call.body
        changed = [*_set(row, change), "updated_at"]
        if change.url is not UNSET:
            changed += additions.change_url(row, change.url)
        row.save(update_fields=changed)  # nothing else: somebody may pause the account meanwhile
        return Answer(value=_one(row))

    @operation(permission=Permission.STAFF, answers={204: None}, problems=(404, 409))
    def delete(self, call: Call, name: str) -> Answer:
        """Remove an account that staff added; what waits goes through the others of its channel."""
        row = _find(name)
        additions.refuse_mirrored(row, "take it out there, or pause it")
        row.delete()
        breakers.reset(_label(row))
        guard.forget(_label(row))
        log.info("account_removed", account=_label(row), by=str(call.caller.id))
        return Answer(status=204)


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

    @operation(
        permission=Permission.STAFF, body=ResumeIn, may_be_empty=True, answers={200: AccountOut}, problems=(404, 409)
    )
    def post(self, call: Call, name: str) -> Answer:
        """Resume a paused or faulty account, close its breaker, and end what the reputation guard paused on it.

        With a `category`, only that category goes on. What was counted so far counts no more; who resumed it, and
        `why`, stays on record.
        """
        row = _find(name)
        body: ResumeIn = call.body
        by = f"{call.caller.kind} {call.caller.id}"
        if body.category is not None:
            resume_category(_label(row), body, by)
            return Answer(value=_one(row))
        guard.resume(_label(row), by, body.why, clock.now())
        row.paused, row.fault, row.fault_at = False, "", None
        row.save(update_fields=["paused", "fault", "fault_at", "updated_at"])
        breakers.reset(_label(row))
        return Answer(value=_one(row))


class RotateCallbackView(Endpoint):
    tag = "providers"

    @operation(
        permission=Permission.STAFF, body=RotateIn, may_be_empty=True, answers={200: AccountOut}, problems=(404, 409)
    )
    def post(self, call: Call, name: str) -> Answer:
        """Give an account another callback URL; the one before is good for `overlap_hours` more."""
        row = _find(name)
        if not doors.hears(row.provider):
            raise Refusal(409, "reports_nothing", "this provider reports nothing back, so it has no callback URL")
        doors.rotate(row.id, clock.now(), timedelta(hours=call.body.overlap_hours))
        log.info("callback_rotated", account=_label(row), by=str(call.caller.id))
        return Answer(value=_one(row))


class ProbeView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.STAFF, answers={200: Probe}, problems=(404,), idempotent_key=False)
    def post(self, call: Call, name: str) -> Answer:
        """Check an account's address and credentials without sending."""
        facts = book.facts_of(_find(name))
        try:
            provider = open_account(facts)
        except Misconfigured as fault:
            return Answer(value=Probe(ok=False, detail=str(fault)))
        try:
            provider.probe()
        except ProviderFault as fault:
            return Answer(value=Probe(ok=False, detail=f"{type(fault).__name__}: {fault}"))
        finally:
            provider.close()
        return Answer(value=Probe(ok=True, detail=f"checked at {clock.now():%H:%M:%S} UTC"))
