"""Bulk: one content to many recipients. A list is taken in whole, in one transaction, chunk by chunk: when the caller
hears 202, every recipient is durable or named as rejected; when something fails before, nothing was stored."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from uuid import UUID

import msgspec
import structlog
from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.delivery.bell import ring_after_commit
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject, check_inline, missing_variables, resolve
from clarion.flows.ingest.expand import channels_for
from clarion.flows.ingest.flow import authorise
from clarion.flows.ingest.gate import judge
from clarion.flows.ingest.repeats import without_repeats
from clarion.flows.ingest.rows import decision_of, payload_of, row_of
from clarion.flows.ingest.timing import at_instant, check_times
from clarion.flows.ingest.variables import check_variables
from clarion.records.crashing import Point, crash_point
from clarion.records.ids import new_id
from clarion.records.ledger import bulk_store
from clarion.records.ledger.bulk_store import Form, JobState, RejectedRecipient, Taken
from clarion.records.ledger.lanes import lane_of
from clarion.records.ledger.models import Job
from clarion.records.ledger.rows import NewRequest
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.rules import Outcome
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.plain import plain

CHUNK = 2_000
MOST_KINDS = 5_000
OWN_CONTEXT_BYTES = 16 * 1024
TWICE = InputError("duplicate_recipient", "the list has this user on this channel before")
Kinds = tuple[tuple[ChannelKey, Form | InputError], ...]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One of the list, and its place in it; `channels` empty: the job's. `context` adds to the job's."""

    user_id: UUID
    channels: tuple[ChannelKey, ...] = ()
    context: dict[str, object] = field(default_factory=dict, repr=False)
    place: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReceipt:
    """What a bulk call is answered."""

    job_id: UUID
    accepted: int
    rejected: int


@dataclass(slots=True)
class Intake:
    """The taking in of one job: what is asked of everybody, and what has been counted so far."""

    asked: Send
    subject: Subject
    request: NewRequest
    accepted: int = 0
    rejected: int = 0
    lanes: set[str] = field(default_factory=set)
    seen: set[tuple[UUID, ChannelKey]] = field(default_factory=set)
    unfit: dict[ChannelKey, InputError | None] = field(default_factory=dict)
    kinds: dict[tuple[object, ...], tuple[object, Kinds]] = field(default_factory=dict)


def accept_list(asked: Send, recipients: Iterable[Recipient], now: datetime) -> JobReceipt:
    """Take a list in. `asked.user_id` is the caller's and stands for nobody. Raises InputError for the job as a whole;
    a recipient that cannot be taken is rejected by itself."""
    intake = begin(asked, now)
    with transaction.atomic():
        bulk_store.open_request(intake.request)
        job = Job.objects.create(
            id=intake.request.id,
            caller_kind=asked.caller.kind,
            caller_id=asked.caller.id,
            state=JobState.ACCEPTED,
            created_at=now,
            finished_at=now,
        )
        _take_chunks(intake, _chunks(recipients), now)
        job.total = intake.accepted + intake.rejected
        job.accepted, job.rejected = intake.accepted, intake.rejected
        job.save(update_fields=["total", "accepted", "rejected"])
        ring_after_commit(intake.lanes)
    log.info("bulk_accepted", job=str(job.id), accepted=intake.accepted, rejected=intake.rejected)
    return JobReceipt(job_id=job.id, accepted=intake.accepted, rejected=intake.rejected)


def begin(asked: Send, now: datetime, *, job_id: UUID | None = None) -> Intake:
    """Check what holds for all recipients; raises InputError. Required variables are checked for each recipient, for
    they may come with it."""
    authorise(asked)
    check_times(asked, now)
    subject = resolve(asked, variables=False)
    request = NewRequest(
        id=job_id or new_id(),
        caller_kind=asked.caller.kind,
        caller_id=asked.caller.id,
        payload=payload_of(asked),
        created_at=now,
    )
    return Intake(asked=asked, subject=subject, request=request)


def _chunks(recipients: Iterable[Recipient]) -> Iterator[list[Recipient]]:
    source = iter(recipients)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def take_chunk(
    intake: Intake, chunk: Sequence[Recipient], now: datetime, unreadable: Sequence[RejectedRecipient] = ()
) -> None:
    """Judge and store one chunk within the open transaction, with what was rejected before it came here."""
    judged = _judged(intake, chunk, _people(intake, chunk), now)
    judged.rejected.extend(unreadable)
    _store(intake, judged, now)


def _take_chunks(intake: Intake, chunks: Iterable[Sequence[Recipient]], now: datetime) -> None:
    """Chunk after chunk. While the database stores one, a thread judges the next; it touches no connection."""
    waiting: Future[_Judged] | None = None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="bulk-judge") as judge_next:
        for chunk in chunks:
            before = waiting.result() if waiting else None
            waiting = judge_next.submit(_judged, intake, chunk, _people(intake, chunk), now)
            if before is not None:
                _store(intake, before, now)
        if waiting is not None:
            _store(intake, waiting.result(), now)


def _people(intake: Intake, chunk: Sequence[Recipient]) -> dict[UUID, PersonFacts]:
    return facts.load({recipient.user_id for recipient in chunk}, [intake.subject.category.id])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What becomes of a chunk."""

    taken: list[Taken]
    rejected: list[RejectedRecipient]


def _judged(intake: Intake, chunk: Sequence[Recipient], people: Mapping[UUID, PersonFacts], now: datetime) -> _Judged:
    taken: list[Taken] = []
    rejected: list[RejectedRecipient] = []
    for recipient in chunk:
        try:
            kinds = _kinds(intake, recipient, people.get(recipient.user_id), now)
        except InputError as error:
            rejected.append(_rejection("", recipient, error))
            continue
        own = msgspec.json.encode(recipient.context) if recipient.context else b""
        for key, kind in kinds:
            if (recipient.user_id, key) in intake.seen:
                rejected.append(_rejection(key, recipient, TWICE))
            elif isinstance(kind, InputError):
                rejected.append(_rejection(key, recipient, kind))
            else:
                intake.seen.add((recipient.user_id, key))
                taken.append(Taken(kind, bulk_store.new_hex(), recipient.user_id, own))
    return _Judged(taken=taken, rejected=rejected)


def _store(intake: Intake, judged: _Judged, now: datetime) -> None:
    taken = without_repeats(intake.subject, judged.taken, now)
    bulk_store.copy_accepted(intake.request, taken, judged.rejected, now)
    crash_point(Point.BULK_CHUNK_STORED)
    intake.accepted += len(taken)
    intake.rejected += len(judged.rejected)


def _kinds(intake: Intake, recipient: Recipient, person: PersonFacts | None, now: datetime) -> Kinds:
    """The channels that a recipient is reached by, and what becomes of each. Most people are alike in all that is asked
    here, so it is asked once for all who are."""
    if person is None or not person.active:
        raise InputError("user_not_found", "there is no active user with this id")
    _check_own(intake, recipient)
    zone = person.timezone if intake.asked.timezone else ""
    likeness = (id(person.wishes), person.reachable, person.preferred_channels, recipient.channels, zone)
    known = intake.kinds.get(likeness)
    if known is None:
        if len(intake.kinds) >= MOST_KINDS:
            intake.kinds.clear()
        kinds = _kinds_anew(intake, recipient, person, now)
        if any(isinstance(form, Form) and form.decision.outcome == Outcome.HOLD for _, form in kinds):
            return kinds  # what quiet hours hold is due at a moment of each person's own
        # with the wishes, lest others get their id
        known = intake.kinds[likeness] = (person.wishes, kinds)
    return known[1]


def _kinds_anew(intake: Intake, recipient: Recipient, person: PersonFacts, now: datetime) -> Kinds:
    asked = at_instant(intake.asked, person.timezone, intake.request.created_at)
    if recipient.channels:
        asked = replace(asked, channels=recipient.channels)
    kinds: list[tuple[ChannelKey, Form | InputError]] = []
    for key in channels_for(asked, intake.subject, person):
        unfit = _unfit(intake, key)
        kinds.append((key, unfit or _form(intake, asked, person, key, now)))
    return tuple(kinds)


def _form(intake: Intake, asked: Send, person: PersonFacts, key: ChannelKey, now: datetime) -> Form:
    verdict = judge(asked, intake.subject, person, key, now)
    row = row_of(asked, intake.subject, key, verdict, now, person.id)
    if row.due_at is not None and row.due_at <= now:
        intake.lanes.add(lane_of(key, bulk=True))
    return Form(row=row, decision=decision_of(row, verdict, now, asked.local))


def _unfit(intake: Intake, key: ChannelKey) -> InputError | None:
    """Whether inline content makes no message of this channel; asked once for each channel."""
    if intake.subject.template is not None:
        return None
    if key not in intake.unfit:
        try:
            check_inline(key, intake.asked.subject, intake.asked.body, intake.asked.data)
            intake.unfit[key] = None
        except InputError as error:
            intake.unfit[key] = error
    return intake.unfit[key]


def _check_own(intake: Intake, recipient: Recipient) -> None:
    """The recipient's own context is plain and small, and with the job's it has what the template requires."""
    template, shared = intake.subject.template, intake.asked.context
    if recipient.context:
        try:
            plain(recipient.context)
        except TemplateError as error:
            raise InputError("invalid_context", error.message) from error
        if len(msgspec.json.encode(recipient.context)) > OWN_CONTEXT_BYTES:
            raise InputError("context_too_large", f"a recipient's context may have {OWN_CONTEXT_BYTES} bytes at most")
    if template is not None and template.required:
        missing = missing_variables(template, {**shared, **recipient.context})
        if missing:
            raise InputError("missing_variables", f"the template requires {', '.join(missing)}")
    if template is not None and template.has_schema:
        check_variables(template, {**shared, **recipient.context})
    unsupported = [c for c in recipient.channels if template is not None and c not in template.channels]
    if unsupported:
        raise InputError("channel_not_supported", f"the template has no content for {', '.join(unsupported)}")


def _rejection(channel: str, recipient: Recipient, error: InputError) -> RejectedRecipient:
    return RejectedRecipient(
        place=recipient.place, channel=channel, user_id=recipient.user_id, code=error.code, message=error.message
    )
