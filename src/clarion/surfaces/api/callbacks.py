"""Stored callbacks for staff: which could not be read, and reading them again after a fix. Never what they say."""

from typing import Annotated
from uuid import UUID

import msgspec
import structlog
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.accounts.models import Account
from clarion.records.feedback import callbacks
from clarion.records.feedback.models import Callback
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant, Text
from clarion.surfaces.api.paging import Page, PageQuery, page_of

MOST = 1_000
log = structlog.get_logger()


class CallbackOut(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as it was received. `read_at` null: it waits to be read; `reports`: how many things it said; `error`:
    why it could not be read. `account` is empty when the account was removed."""

    id: UUID
    account: str
    received_at: Instant
    read_at: Instant | None
    reports: int | None
    error: str


class CallbackPage(Page[CallbackOut], frozen=True, kw_only=True):
    """A page of callbacks."""


class CallbacksQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`unread`: only those that could not be read."""

    unread: bool = False


class ReplayIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which callbacks: these, whatever came of them, or all that could not be read, of one account or of any."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)] | None = None
    account: Text = ""


class ReplayedCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """How many are read again; `more`: there may be others, call again."""

    replayed: int
    more: bool


class CallbacksView(Endpoint):
    tag = "callbacks"

    @operation(permission=Permission.STAFF, query=CallbacksQuery, answers={200: CallbackPage})
    def get(self, call: Call) -> Answer:
        """List stored callbacks, newest first."""
        rows = Callback.objects.defer("raw_sealed")
        if call.query.unread:
            rows = rows.exclude(error="")
        found, following, preceding = page_of(call.request, rows, call.query)
        labels = {row.id: f"{row.channel}.{row.name}" for row in Account.objects.only("id", "channel", "name")}
        results = [
            CallbackOut(
                id=row.id,
                account=labels.get(row.account_id, ""),
                received_at=row.received_at,
                read_at=row.read_at,
                reports=row.reports,
                error=row.error,
            )
            for row in found
        ]
        return Answer(value=CallbackPage(results=results, next=following, previous=preceding))


class ReplayCallbacksView(Endpoint):
    tag = "callbacks"

    @operation(permission=Permission.STAFF, body=ReplayIn, answers={200: ReplayedCallbacks})
    def post(self, call: Call) -> Answer:
        """Read stored callbacks again, after a parser was fixed; what was heard before does nothing twice."""
        body: ReplayIn = call.body
        account = account_id(body.account) if body.account else None
        count = callbacks.replay(MOST, account=account, ids=body.ids)
        log.info("callbacks_replayed", count=count, by=str(call.caller.id))
        return Answer(value=ReplayedCallbacks(replayed=count, more=count == MOST and body.ids is None))


def account_id(label: str) -> UUID:
    """The account that a label (`email.main`) names; raises InputError."""
    channel, _, name = label.partition(".")
    row = Account.objects.filter(channel=channel, name=name).first()
    if row is None:
        raise InputError("provider_not_found", "there is no such account; see GET /providers", pointer="/account")
    return row.id
