"""What became of a person's wishes: every change of them, and what they would also have got."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.reasons import Reason
from clarion.contract.sentences import REASONS
from clarion.records import clock
from clarion.records.categories.catalog import catalog
from clarion.records.ids import first_id_of
from clarion.records.ledger.models import Decision, Notification
from clarion.records.ledger.status import Status
from clarion.records.preferences.models import PreferenceChange
from clarion.records.templating.models import Template
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant
from clarion.surfaces.api.paging import PageQuery, page_of
from clarion.surfaces.api.preferences import subject

WITHHELD = (Reason.FREQUENCY_CAPPED, Reason.QUIET_HOURS, Reason.DIGEST_NEVER)
LOOKS_BACK = timedelta(days=30)


class ChangeOut(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `source` is the door it came through, `by` who made it (`user:<id>`, `api_key:<id>`), `before` and
    `after` what differs; null: not set."""

    id: UUID
    at: Instant
    source: str
    by: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """Changes, newest first."""

    results: list[ChangeOut]
    next: str | None = None
    previous: str | None = None


class WithheldOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not sent for the person's own good: too many, in quiet time, or no digest wanted."""

    id: UUID
    channel: str
    category: str
    template: str
    reason: str
    detail: str
    says: str
    at: Instant


class WithheldPage(msgspec.Struct, frozen=True, kw_only=True):
    """What you would also have got in the last 30 days, newest first."""

    results: list[WithheldOut]
    next: str | None = None
    previous: str | None = None


def _changes(call: Call, user_id: UUID) -> Answer:
    rows, following, preceding = page_of(call.request, PreferenceChange.objects.filter(user_id=user_id), call.query)
    paths = _paths({name for row in rows for name in row.after.get("templates", {})})
    results = [
        ChangeOut(
            id=row.id,
            at=row.at,
            source=row.source,
            by=row.actor,
            reason=row.note,
            before=_named(row.before, paths),
            after=_named(row.after, paths),
        )
        for row in rows
    ]
    return Answer(value=ChangePage(results=results, next=following, previous=preceding))


def _named(values: dict[str, Any], paths: dict[str, str]) -> dict[str, Any]:
    """With templates by their paths, as far as they are still there."""
    if "templates" not in values:
        return values
    return {**values, "templates": {paths.get(key, key): on for key, on in values["templates"].items()}}


def _paths(ids: set[str]) -> dict[str, str]:
    if not ids:
        return {}
    return {str(key): path for key, path in Template.objects.filter(pk__in=ids).values_list("id", "path")}


def _withheld(call: Call, user_id: UUID) -> Answer:
    rows = Notification.objects.filter(
        user_id=user_id,
        pk__gte=first_id_of(clock.now() - LOOKS_BACK),
        status=Status.SUPPRESSED,
        reason__in=[str(reason) for reason in WITHHELD],
    )
    found, following, preceding = page_of(call.request, rows, call.query)
    ids = [row.id for row in found]
    decided = Decision.objects.filter(notification_id__in=ids, reason__in=WITHHELD).order_by("id")
    details = dict(decided.values_list("notification_id", "detail"))
    paths = _paths({str(row.template_id) for row in found if row.template_id})
    results = [_out(row, details.get(row.id, ""), paths) for row in found]
    return Answer(value=WithheldPage(results=results, next=following, previous=preceding))


def _out(row: Notification, detail: str, paths: dict[str, str]) -> WithheldOut:
    category = catalog.find(row.category_id)
    return WithheldOut(
        id=row.id,
        channel=row.channel,
        category=category.key if category else "",
        template=paths.get(str(row.template_id), ""),
        reason=row.reason,
        detail=detail,
        says=REASONS[Reason(row.reason)],
        at=row.ended_at or row.created_at,
    )


class HistoryView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: ChangePage})
    def get(self, call: Call) -> Answer:
        """List every change of my preferences: when, by whom, through which door."""
        return _changes(call, call.caller.user_id)


class UserHistoryView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: ChangePage}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """List every change of a person's preferences."""
        return _changes(call, subject(call, user_id))


class WithheldView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: WithheldPage})
    def get(self, call: Call) -> Answer:
        """List what I would also have got: kept back by frequency caps, quiet hours or my choice of digests."""
        return _withheld(call, call.caller.user_id)
