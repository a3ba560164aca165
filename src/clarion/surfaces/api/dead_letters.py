"""Dead letters: notifications that ended without delivery and wait for a person."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.db.models import QuerySet
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest import changes
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger.models import Notification
from clarion.records.ledger.status import Status
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fates import StatusOut, SummaryPage, status_of, summaries
from clarion.surfaces.api.fields import Text
from clarion.surfaces.api.paging import PageQuery, page_of
from clarion.surfaces.api.problems import FieldProblem, Refusal

MOST = 500


class DeadLettersQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters."""

    channel: ChannelKey | None = None
    reason: Text = ""


class ReplayIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters to replay."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many are queued again, and which could not be."""

    replayed: int
    errors: list[FieldProblem]


def _dead() -> QuerySet[Notification]:
    return Notification.objects.filter(status=Status.FAILED)


def _find(identifier: UUID) -> Notification:
    row = _dead().filter(pk=identifier).first()
    if row is None:
        raise Refusal(404, "dead_letter_not_found", "there is no dead letter with this id")
    return row


class DeadLettersView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, query=DeadLettersQuery, answers={200: SummaryPage})
    def get(self, call: Call) -> Answer:
        """List dead letters, newest first."""
        query: DeadLettersQuery = call.query
        rows = _dead()
        if query.channel is not None:
            rows = rows.filter(channel=query.channel)
        if query.reason:
            rows = rows.filter(reason=query.reason)
        found, following, preceding = page_of(call.request, rows, query)
        return Answer(value=SummaryPage(results=summaries(found), next=following, previous=preceding))


class ReplayView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, answers={200: StatusOut}, problems=(404, 409))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Queue a dead letter again."""
        row = _find(id)
        changes.replay(row, clock.now())
        row.refresh_from_db()
        return Answer(value=status_of(row))


class ReplayManyView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, body=ReplayIn, answers={200: Replayed})
    def post(self, call: Call) -> Answer:
        """Queue many dead letters again."""
        errors = []
        rows = _dead().in_bulk(call.body.ids)
        for place, identifier in enumerate(call.body.ids):
            row = rows.get(identifier)
            try:
                if row is None:
                    raise InputError("dead_letter_not_found", "there is no dead letter with this id")
                changes.replay(row, clock.now())
            except InputError as error:
                errors.append(FieldProblem(pointer=f"/ids/{place}", code=error.code, message=error.message))
        return Answer(value=Replayed(replayed=len(call.body.ids) - len(errors), errors=errors))
