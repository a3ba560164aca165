"""One content to many: a list of recipients, or everybody a filter matches."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest import audience, bulk, jobs
from clarion.flows.ingest.bulk import Recipient
from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.ledger.bulk_store import JobState
from clarion.records.ledger.models import Job, Rejection
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import (
    Channels,
    Instant,
    Locale,
    Object,
    Timezone,
)
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.wanted import Wanted, asked_of

MOST = 100_000
BULK_BYTES = 64_000_000
BULK_PRIORITY = 4


class RecipientIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One recipient. `context` adds to the job's; channels default to the job's."""

    user_id: UUID
    channel: ChannelKey | None = None
    channels: Channels = []
    context: Object = {}


class UserFilters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is meant: everybody for whom all that is given holds. `attributes` compares values for equality."""

    is_active: bool | UnsetType = UNSET
    locale: Locale | UnsetType = UNSET
    timezone: Timezone | UnsetType = UNSET
    attributes: Annotated[dict[str, Any], Meta(max_length=20)] | UnsetType = UNSET
    preferred_channel: ChannelKey | UnsetType = UNSET


class BulkIn(Wanted, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Either `recipients` or `user_filters`. The other fields are those of a send; priority is low unless given."""

    recipients: Annotated[list[RecipientIn], Meta(min_length=1, max_length=MOST)] | None = None
    user_filters: UserFilters | None = None


class BulkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """For a list, `accepted` notifications are durable and `rejected` recipients are named under the job. For a filter,
    the people are taken in by a worker; `total` is how many matched."""

    job_id: UUID
    status: str
    accepted: int
    rejected: int
    total: int | None


class RejectionOut(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient that was not taken: its place in the list (from 0) or the number of its line in the file (from 1),
    and why."""

    place: int
    channel: str
    user_id: UUID | None
    code: str
    message: str


class JobOut(msgspec.Struct, frozen=True, kw_only=True):
    """A job. `accepted` is the sum of `counts`; `moving` is how many of them still wait or are being sent. `status` is
    `running` while people are being taken in, then `accepted`, `done` once nothing moves any more, or `cancelled`. More
    rejections begin at `next_place` and, within it, at `next_channel`; null: these were the last."""

    job_id: UUID
    status: str
    total: int | None
    accepted: int
    rejected: int
    moving: int
    counts: dict[str, int]
    rejections: list[RejectionOut]
    next_place: int | None
    next_channel: str | None
    created_at: Instant
    finished_at: Instant | None


class RejectionsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rejections from this place in the list on, and from this channel on within it (a recipient has one for each
    channel at most): the answer's `next_place` and `next_channel`."""

    from_place: Annotated[int, Meta(ge=0, le=2_000_000_000)] = 0
    from_channel: Annotated[str, Meta(max_length=20)] = ""
    page_size: Annotated[int, Meta(ge=1, le=1000)] = 100


def recipient_of(given: RecipientIn, place: int) -> Recipient:
    """As the flow takes it; `place` is where it stands in the list or the file."""
    own = [given.channel] if given.channel is not None else []
    channels = tuple(dict.fromkeys([*own, *given.channels]))
    return Recipient(user_id=given.user_id, channels=channels, context=given.context, place=place)


class BulkView(Endpoint):
    tag = "notifications"

    @operation(
        permission=Permission.BULK,
        body=BulkIn,
        answers={202: BulkAnswer},
        problems=(404, 409),
        max_bytes=BULK_BYTES,
        idempotent_key=True,
    )
    def post(self, call: Call) -> Answer:
        """Send to many.

        202 means that every recipient of the list is durable or named as rejected, and that an audience will be taken
        in whatever crashes. `Location` is the job.
        """
        body: BulkIn = call.body
        if (body.recipients is None) == (body.user_filters is None):
            raise InputError("recipients_or_filters", "give recipients or user_filters", pointer="/recipients")
        asked = asked_of(body, call.caller, call.caller.user_id, BULK_PRIORITY)
        if body.recipients is not None:
            listed = (recipient_of(each, place) for place, each in enumerate(body.recipients))
            receipt = bulk.accept_list(asked, listed, clock.now())
            value = BulkAnswer(
                job_id=receipt.job_id,
                status=JobState.ACCEPTED,
                accepted=receipt.accepted,
                rejected=receipt.rejected,
                total=receipt.accepted + receipt.rejected,
            )
        else:
            filters: dict[str, Any] = msgspec.to_builtins(body.user_filters)
            job_id, total = audience.accept_audience(asked, filters, clock.now())
            value = BulkAnswer(job_id=job_id, status=JobState.RUNNING, accepted=0, rejected=0, total=total)
        location = f"/api/v1/notifications/bulk/{value.job_id}"
        return Answer(status=202, value=value, headers={"Location": location})


def _find(call: Call, identifier: UUID) -> Job:
    rows = Job.objects.filter(pk=identifier)
    if not call.caller.may(Permission.ANALYTICS):
        rows = rows.filter(caller_id=call.caller.id)
    job = rows.first()
    if job is None:
        raise Refusal(404, "job_not_found", "there is no such job, or it is not yours to see")
    return job


def _out(job: Job, query: RejectionsQuery) -> JobOut:
    standing = jobs.progress(job.id)
    rows = _rejections(job, query)
    following = rows[query.page_size] if len(rows) > query.page_size else None
    done = job.state == JobState.ACCEPTED and standing.moving == 0
    return JobOut(
        job_id=job.id,
        status="done" if done else job.state,
        total=job.total,
        accepted=job.accepted,
        rejected=job.rejected,
        moving=standing.moving,
        counts=dict(standing.counts),
        rejections=[
            RejectionOut(place=r.place, channel=r.channel, user_id=r.user_id, code=r.code, message=r.message)
            for r in rows[: query.page_size]
        ],
        next_place=following.place if following else None,
        next_channel=following.channel if following else None,
        created_at=job.created_at,
        finished_at=job.finished_at,
    )


def _rejections(job: Job, query: RejectionsQuery) -> list[Rejection]:
    """A page of them, and one more if there is one."""
    rows = Rejection.objects.filter(job_id=job.id, place__gte=query.from_place)
    if query.from_channel:
        rows = rows.exclude(place=query.from_place, channel__lt=query.from_channel)
    return list(rows.order_by("place", "channel")[: query.page_size + 1])


class JobView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.BULK, query=RejectionsQuery, answers={200: JobOut}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show a job: progress, counts and rejections."""
        return Answer(value=_out(_find(call, id), call.query))


class CancelJobView(Endpoint):
    tag = "notifications"

    @operation(permission=Permission.BULK, answers={200: JobOut}, problems=(404, 409))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Cancel a job: nobody else is taken in, and what no worker holds is cancelled."""
        job = _find(call, id)
        if job.caller_id != call.caller.id and not call.caller.may(Permission.STAFF):
            raise Refusal(404, "job_not_found", "there is no such job, or it is not yours to cancel")
        jobs.cancel(job, clock.now())
        job.refresh_from_db()
        return Answer(value=_out(job, RejectionsQuery()))
