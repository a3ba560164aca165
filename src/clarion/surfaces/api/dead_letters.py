"""Dead letters: notifications that ended without delivery and wait for a person, who replays or discards them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from django.db.models import Exists, OuterRef, QuerySet
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest import changes
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog
from clarion.records.ids import first_id_of
from clarion.records.ledger.models import DeadLetter, Notification
from clarion.records.ledger.status import Status
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fates import Detail, StatusOut, SummaryPage, detail_of, status_of, summaries
from clarion.surfaces.api.fields import CategoryName, Instant, Text
from clarion.surfaces.api.paging import PageQuery, page_of
from clarion.surfaces.api.problems import FieldProblem, Refusal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 500
MOST_BY_FILTER = 1_000


class DeadLettersQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters. `before` and `after` are about when the notification was accepted."""

    channel: ChannelKey | None = None
    reason: Text = ""
    category: CategoryName | None = None
    template_id: UUID | None = None
    before: Instant | None = None
    after: Instant | None = None


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead letters, oldest first, at most `limit` of them; `more` in the answer says that there are others."""

    channel: ChannelKey | None = None
    reason: Text = ""
    category: CategoryName | None = None
    template_id: UUID | None = None
    before: Instant | None = None
    after: Instant | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_BY_FILTER)] = MOST_BY_FILTER


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either `ids` or a `filter`; an empty filter means all."""

    ids: Annotated[list[UUID], Meta(min_length=1, max_length=MOST)] | None = None
    filter: Filter | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many are queued again, and which of the given ids could not be; `more`: the filter has others left."""

    replayed: int
    errors: list[FieldProblem]
    more: bool = False


class Discarded(msgspec.Struct, frozen=True, kw_only=True):
    """How many left the list, and which of the given ids could not; `more`: the filter has others left."""

    discarded: int
    errors: list[FieldProblem]
    more: bool = False


def _dead() -> QuerySet[DeadLetter]:
    """Those that still stand: a late receipt may have shown that one did arrive."""
    return DeadLetter.objects.filter(Exists(Notification.objects.filter(pk=OuterRef("pk"), status=Status.FAILED)))


def _matching(wanted: DeadLettersQuery | Filter, pointer: str) -> QuerySet[DeadLetter]:
    rows = _dead()
    if wanted.channel is not None:
        rows = rows.filter(channel=wanted.channel)
    if wanted.reason:
        rows = rows.filter(reason=wanted.reason)
    if wanted.category is not None:
        rows = rows.filter(category_id=_category_id(wanted.category, pointer))
    if wanted.template_id is not None:
        rows = rows.filter(template_id=wanted.template_id)
    # ids begin with the time at which they were made
    if wanted.before is not None:
        rows = rows.filter(pk__lt=first_id_of(max(wanted.before, EPOCH)))
    if wanted.after is not None:
        rows = rows.filter(pk__gte=first_id_of(max(wanted.after, EPOCH)))
    return rows


def _category_id(name: int | str, pointer: str) -> int:
    found = catalog.find(int(name) if isinstance(name, str) and name.isascii() and name.isdigit() else name)
    if found is None:
        message = "there is no such category; see GET /categories"
        raise InputError("category_not_found", message, pointer=f"{pointer}/category")
    return found.id


def _find(identifier: UUID) -> Notification:
    row = Notification.objects.filter(pk=identifier, status=Status.FAILED).first()
    if row is None or not DeadLetter.objects.filter(pk=identifier).exists():
        raise Refusal(404, "dead_letter_not_found", "there is no dead letter with this id")
    return row


def _in_order(ids: Sequence[UUID]) -> list[Notification]:
    found = Notification.objects.in_bulk(list(ids))
    return [found[one] for one in ids if one in found]


def _chosen(body: Chosen) -> tuple[list[UUID], bool]:
    """The ids that are meant, and whether the filter has more; raises InputError."""
    if (body.ids is None) == (body.filter is None):
        raise InputError("ids_or_filter", "give ids or a filter", pointer="/ids")
    if body.ids is not None:
        return body.ids, False
    wanted = body.filter or Filter()
    found = list(_matching(wanted, "/filter").order_by("pk").values_list("pk", flat=True)[: wanted.limit + 1])
    return found[: wanted.limit], len(found) > wanted.limit


def _refused(ids: Sequence[UUID], act: Callable[[UUID], None]) -> list[FieldProblem]:
    """Act on each; the ones that could not be, by their place."""
    errors = []
    for place, identifier in enumerate(ids):
        try:
            act(identifier)
        except InputError as error:
            errors.append(FieldProblem(pointer=f"/ids/{place}", code=error.code, message=error.message))
    return errors


class DeadLettersView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, query=DeadLettersQuery, answers={200: SummaryPage})
    def get(self, call: Call) -> Answer:
        """List dead letters, newest first; discarded ones are not listed."""
        query: DeadLettersQuery = call.query
        found, following, preceding = page_of(call.request, _matching(query, "/query"), query)
        rows = _in_order([one.id for one in found])
        return Answer(value=SummaryPage(results=summaries(rows), next=following, previous=preceding))


class DeadLetterView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, answers={200: Detail}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show a dead letter with its whole history."""
        return Answer(value=detail_of(_find(id)))


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

    @operation(permission=Permission.STAFF, body=Chosen, answers={200: Replayed})
    def post(self, call: Call) -> Answer:
        """Queue many dead letters again, by id or by filter."""
        ids, more = _chosen(call.body)
        rows = Notification.objects.filter(status=Status.FAILED).in_bulk(ids)

        def replay(identifier: UUID) -> None:
            if identifier not in rows:
                raise InputError("dead_letter_not_found", "there is no dead letter with this id")
            changes.replay(rows[identifier], clock.now())

        errors = _refused(ids, replay)
        shown = errors if call.body.ids is not None else []
        return Answer(value=Replayed(replayed=len(ids) - len(errors), errors=shown, more=more))


class DiscardView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, answers={200: StatusOut}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Take a dead letter off the list for good; the notification stays `failed`, with this on record."""
        row = _find(id)
        if not changes.discard([id], _who(call), clock.now()):
            raise Refusal(404, "dead_letter_not_found", "there is no dead letter with this id")
        return Answer(value=status_of(row))


class DiscardManyView(Endpoint):
    tag = "dead letters"

    @operation(permission=Permission.STAFF, body=Chosen, answers={200: Discarded})
    def post(self, call: Call) -> Answer:
        """Take many dead letters off the list for good, by id or by filter."""
        ids, more = _chosen(call.body)
        done = changes.discard(ids, _who(call), clock.now())
        errors = [
            FieldProblem(
                pointer=f"/ids/{place}", code="dead_letter_not_found", message="there is no dead letter with this id"
            )
            for place, identifier in enumerate(ids)
            if identifier not in done
        ]
        shown = errors if call.body.ids is not None else []
        return Answer(value=Discarded(discarded=len(done), errors=shown, more=more))


def _who(call: Call) -> str:
    return f"{call.caller.kind} {call.caller.id}"
