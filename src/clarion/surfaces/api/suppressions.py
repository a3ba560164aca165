"""The suppression list for staff: what stands against which address, adding, lifting, and the whole of it as CSV."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from msgspec import Meta

from clarion.channels.errors import InvalidValue
from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.contract.reasons import Reason
from clarion.records import clock
from clarion.records.access.permissions import Caller, Permission
from clarion.records.personal.sealed import opened_or
from clarion.records.preferences.rules import ONLY_MARKETING
from clarion.records.suppression import store
from clarion.records.suppression.addresses import Address, address_of
from clarion.records.suppression.models import Entry
from clarion.records.suppression.store import Listing
from clarion.surfaces.api import suppression_csv
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import FieldProblem, Refusal
from clarion.surfaces.api.spooling import Upload

MOST_ERRORS = 100
UPLOAD = Upload(content_types=("text/csv",), max_bytes=64 * 1024 * 1024, max_unpacked=256 * 1024 * 1024)
Listable = Literal["email", "sms"]
ReasonName = Literal["hard_bounced", "soft_bounced", "complained", "unsubscribed", "stopped", "blocked"]
AddressText = Annotated[str, Meta(min_length=1, max_length=320, examples=["ann@example.com"])]
Why = Annotated[str, Meta(min_length=1, max_length=500, examples=["asked us by phone, ticket 4711"])]
log = structlog.get_logger()


class State(StrEnum):
    STANDING = "standing"
    EXPIRED = "expired"
    LIFTED = "lifted"


class SuppressionOut(msgspec.Struct, frozen=True, kw_only=True):
    """An address and one reason; the address is masked. `stops`: everything, or marketing alone. `source`: the account
    that reported it, a caller, or an import. Lifted ones stay as history."""

    id: UUID
    channel: str
    address: str
    reason: str
    stops: str
    state: State
    source: str
    detail: str
    since: Instant
    expires_at: Instant | None
    lifted_at: Instant | None
    lifted_by: str
    lift_why: str


class SuppressionPage(Page[SuppressionOut], frozen=True, kw_only=True):
    """A page of the list."""


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """All that stands or stood against an address, newest first. `stops`: everything, marketing, or nothing."""

    stops: str
    results: list[SuppressionOut]


class SuppressionsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters. An address is looked up with POST /suppressions/lookup, so that it is in no log."""

    channel: Listable | None = None
    reason: ReasonName | None = None
    state: State | None = None


class AddressIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address of a channel."""

    channel: Listable
    address: AddressText


class SuppressionIn(AddressIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address to block, and why; until `expires_at`, or for good."""

    why: Why
    expires_at: Instant | None = None


class Lift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it may be written to again."""

    why: Why


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were new, how many stood already, how many could not be taken, and the first of those by line."""

    added: int
    standing: int
    refused: int
    errors: list[FieldProblem]


def _state(row: Entry, now: datetime) -> State:
    if row.lifted_at is not None:
        return State.LIFTED
    return State.EXPIRED if row.expires_at is not None and row.expires_at <= now else State.STANDING


def _stops(reason: str) -> str:
    return "marketing" if reason in ONLY_MARKETING else "everything"


def _out(row: Entry, now: datetime) -> SuppressionOut:
    address = opened_or(lambda: str(row.address), "")
    return SuppressionOut(
        id=row.id,
        channel=row.channel,
        address=channel_of(ChannelKey(row.channel)).mask(address) if address else "…",
        reason=row.reason,
        stops=_stops(row.reason),
        state=_state(row, now),
        source=row.source,
        detail=row.detail,
        since=row.since,
        expires_at=row.expires_at,
        lifted_at=row.lifted_at,
        lifted_by=row.lifted_by,
        lift_why=row.lift_why,
    )


def _matching(query: SuppressionsQuery, now: datetime) -> QuerySet[Entry]:
    wanted: dict[str, Any] = {}
    if query.channel is not None:
        wanted["channel"] = query.channel
    if query.reason is not None:
        wanted["reason"] = query.reason
    rows = Entry.objects.filter(**wanted)
    match query.state:
        case State.LIFTED:
            return rows.filter(lifted_at__isnull=False)
        case State.EXPIRED:
            return rows.filter(lifted_at=None, expires_at__lte=now)
        case State.STANDING:
            return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now), lifted_at=None)
    return rows


def _address(given: AddressIn) -> Address:
    try:
        return address_of(ChannelKey(given.channel), given.address)
    except InvalidValue as error:
        raise InputError(error.code, str(error), pointer="/address") from error


def _find(identifier: UUID) -> Entry:
    row = Entry.objects.filter(pk=identifier).first()
    if row is None:
        raise Refusal(404, "suppression_not_found", "there is no entry with this id")
    return row


def who(caller: Caller) -> str:
    """A caller, as history shows them."""
    return f"{caller.kind} {caller.id}"


class SuppressionsView(Endpoint):
    tag = "suppression list"

    @operation(permission=Permission.STAFF, query=SuppressionsQuery, answers={200: SuppressionPage})
    def get(self, call: Call) -> Answer:
        """List suppressed addresses, newest first; lifted ones too, unless filtered."""
        now = clock.now()
        found, following, preceding = page_of(call.request, _matching(call.query, now), call.query)
        return Answer(value=SuppressionPage(results=[_out(r, now) for r in found], next=following, previous=preceding))

    @operation(permission=Permission.STAFF, body=SuppressionIn, answers={201: SuppressionOut}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Block an address: nothing is sent to it any more."""
        body: SuppressionIn = call.body
        now, address = clock.now(), _address(body)
        if body.expires_at is not None and body.expires_at <= now:
            raise InputError("already_expired", "expires_at lies in the past", pointer="/expires_at")
        listing = Listing(
            address=address,
            reason=Reason.BLOCKED,
            source=who(call.caller),
            at=now,
            until=body.expires_at,
            detail=body.why,
        )
        own = Entry.objects.filter(address_hash__in=address.hashes, reason=Reason.BLOCKED, lifted_at=None)
        with transaction.atomic():
            own.filter(expires_at__lte=now).update(lifted_at=now, lifted_by=who(call.caller), lift_why="it had expired")
            if not store.suppress([listing]):
                raise Refusal(409, "already_listed", "staff have blocked this address already")
        row = own.get()
        log.info("address_blocked", entry=str(row.id), by=who(call.caller))
        return Answer(status=201, value=_out(row, now), headers={"Location": f"/api/v1/suppressions/{row.id}"})


class SuppressionView(Endpoint):
    tag = "suppression list"

    @operation(permission=Permission.STAFF, answers={200: SuppressionOut}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show an entry."""
        return Answer(value=_out(_find(id), clock.now()))


class LookupView(Endpoint):
    tag = "suppression list"

    @operation(permission=Permission.STAFF, body=AddressIn, answers={200: Standings}, idempotent_key=False)
    def post(self, call: Call) -> Answer:
        """Look an address up."""
        now = clock.now()
        rows = Entry.objects.filter(address_hash__in=_address(call.body).hashes).order_by("-id")
        results = [_out(row, now) for row in rows]
        stops = {one.stops for one in results if one.state is State.STANDING}
        said = "everything" if "everything" in stops else "marketing" if stops else "nothing"
        return Answer(value=Standings(stops=said, results=results))


class LiftView(Endpoint):
    tag = "suppression list"

    @operation(permission=Permission.STAFF, body=Lift, answers={200: SuppressionOut}, problems=(404, 409))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Lift an entry; who did it and why stays on record.

        A report of something that happened before does not bring it back.
        """
        _find(id)
        now = clock.now()
        if not store.lift(Q(pk=id), who(call.caller), call.body.why, now):
            raise Refusal(409, "already_lifted", "the entry was lifted already")
        log.info("suppression_lifted", entry=str(id), by=who(call.caller))
        return Answer(value=_out(_find(id), now))


class ImportView(Endpoint):
    tag = "suppression list"

    @operation(permission=Permission.STAFF, upload=UPLOAD, answers={200: Imported}, problems=(413, 415, 422))
    def post(self, call: Call) -> Answer:
        """Import a CSV.

        The header names the columns: `channel` and `address`; `reason` (blocked if left out), `since`, `expires_at`
        and `detail` if you have them. What stands already is left alone, so the same file may be sent again.
        """
        now = clock.now()
        added = standing = refused = 0
        errors: list[FieldProblem] = []
        for batch in suppression_csv.read(call.upload.file, f"import by {who(call.caller)}", now):
            with transaction.atomic():
                new = store.suppress(batch.listings)
            added, standing = added + new, standing + len(batch.listings) - new
            refused += len(batch.errors)
            errors += batch.errors[: MOST_ERRORS - len(errors)]
        log.info("suppressions_imported", added=added, refused=refused, by=who(call.caller))
        return Answer(value=Imported(added=added, standing=standing, refused=refused, errors=errors))


class ExportView(Endpoint):
    tag = "suppression list"

    @operation(permission=Permission.STAFF, answers={(200, "text/csv"): str})
    def get(self, call: Call) -> Answer:
        """Export what stands as CSV, addresses in the clear."""
        log.info("suppressions_exported", by=who(call.caller))
        rows = _matching(SuppressionsQuery(state=State.STANDING), clock.now())
        response = StreamingHttpResponse(suppression_csv.write(rows), content_type="text/csv")
        response["Content-Disposition"] = 'attachment; filename="suppressions.csv"'
        return Answer(value=response)
