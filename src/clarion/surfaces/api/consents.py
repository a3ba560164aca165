"""Consent: what a person agreed to, their whole history, answering, and taking over answers given elsewhere."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
import structlog
from django.conf import settings
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.flows.consent.answers import answer, import_answers
from clarion.records import clock
from clarion.records.access.permissions import Caller, Permission
from clarion.records.consents import history, texts
from clarion.records.consents.models import Record
from clarion.records.consents.purposes import Purpose, Source
from clarion.records.people.models import User
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Name, Text
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.preferences import actor
from clarion.surfaces.api.problems import FieldProblem, Refusal
from clarion.surfaces.api.users import find_user

MOST_IMPORTED = 5_000
MOST_ERRORS = 100
# the others have doors of their own: lists, and the words STOP and START
Answerable = Literal["marketing", "processing"]
ANSWERABLE = (Purpose.MARKETING, Purpose.PROCESSING)
Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Detail = Annotated[str, Meta(max_length=255, examples=["checkbox at the checkout"])]
log = structlog.get_logger()


class WordsOut(msgspec.Struct, frozen=True, kw_only=True):
    """The words that stand now, in the person's language as far as there are any."""

    version: int
    locale: str
    text: str


class ConsentOut(msgspec.Struct, frozen=True, kw_only=True):
    """Where a person stands: `given` null means never asked. `required`: without it nothing of the kind is sent.
    `text_version`: what was agreed to; `words`: what is to be agreed to now, null where nothing is published."""

    purpose: str
    given: bool | None
    at: Instant | None
    source: str
    text_version: int | None
    required: bool
    words: WordsOut | None


class ConsentsOut(msgspec.Struct, frozen=True, kw_only=True):
    """Every purpose that there is for this person."""

    results: list[ConsentOut]


class RecordOut(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `at`: when it was given; `actor`: who wrote it down; `source`: through which door."""

    id: UUID
    purpose: str
    given: bool
    at: Instant
    source: str
    actor: str
    text_version: int | None
    detail: str


class RecordPage(Page[RecordOut], frozen=True, kw_only=True):
    """A page of the history, what was written down last first."""


class ConsentIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer. Without `text_version`: to the words that stand now. `detail`: where it was given; no addresses."""

    purpose: Answerable
    given: bool
    text_version: Version | None = None
    detail: Detail = ""


class ImportedConsent(ConsentIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer given elsewhere, of the person with this `user_id` or `external_id`, at this time."""

    user_id: UUID | None = None
    external_id: Text = ""
    at: Instant


class ConsentImport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 5,000 answers."""

    consents: Annotated[list[ImportedConsent], Meta(min_length=1, max_length=MOST_IMPORTED)]
    source_name: Name


class ConsentsImported(msgspec.Struct, frozen=True, kw_only=True):
    """How many were new, repeated what is known, or were refused; and the first of those by place."""

    added: int
    known: int
    refused: int
    errors: list[FieldProblem]


def _subject(call: Call, user_id: UUID) -> User:
    """Oneself, or anybody for staff; who else asks is told that there is nobody."""
    if user_id != call.caller.user_id and not call.caller.may(Permission.STAFF):
        raise Refusal(404, "user_not_found", "there is no user with this id")
    return find_user(user_id)


def _state(user: User) -> ConsentsOut:
    newest = {purpose: row for (_, purpose), row in history.latest([user.id]).items()}
    purposes = dict.fromkeys([*(str(each) for each in ANSWERABLE), *sorted(newest)])
    return ConsentsOut(results=[_one(user, purpose, newest.get(purpose)) for purpose in purposes])


def _one(user: User, purpose: str, row: Record | None) -> ConsentOut:
    words = texts.shown(purpose, user.locale)
    return ConsentOut(
        purpose=purpose,
        given=row.given if row else None,
        at=row.at if row else None,
        source=row.source if row else "",
        text_version=row.text_version if row else None,
        required=purpose in settings.CONSENT_REQUIRED,
        words=WordsOut(version=words.version, locale=words.locale, text=words.text) if words else None,
    )


def _history(call: Call, user_id: UUID) -> Answer:
    found, following, preceding = page_of(call.request, history.of_user(user_id), call.query)
    results = [
        RecordOut(
            id=row.id,
            purpose=row.purpose,
            given=row.given,
            at=row.at,
            source=row.source,
            actor=row.actor,
            text_version=row.text_version,
            detail=row.detail,
        )
        for row in found
    ]
    return Answer(value=RecordPage(results=results, next=following, previous=preceding))


def _answer(call: Call, user: User) -> Answer:
    body: ConsentIn = call.body
    own = user.id == call.caller.user_id
    given = history.Answer(
        user_id=user.id,
        purpose=body.purpose,
        given=body.given,
        source=Source.API if own else Source.STAFF,
        actor=actor(call.caller),
        at=clock.now(),
        text_version=texts.checked_version(body.purpose, body.text_version),
        detail=body.detail,
    )
    answer(given, own=own)
    return Answer(value=_state(user))


class ConsentsView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, answers={200: ConsentsOut}, problems=(404,))
    def get(self, call: Call) -> Answer:
        """Show what I agreed to, and the words I would agree to."""
        return Answer(value=_state(find_user(call.caller.user_id)))

    @operation(permission=Open.SIGNED_IN, body=ConsentIn, answers={200: ConsentsOut}, problems=(404,))
    def post(self, call: Call) -> Answer:
        """Give or withdraw my consent.

        Withdrawing takes effect on everything that was not sent yet. The marketing switch goes along.
        """
        return _answer(call, find_user(call.caller.user_id))


class ConsentHistoryView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: RecordPage}, problems=(404,))
    def get(self, call: Call) -> Answer:
        """List all that I ever agreed to or withdrew."""
        return _history(call, call.caller.user_id)


class UserConsentsView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, answers={200: ConsentsOut}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """Show what a person agreed to."""
        return Answer(value=_state(_subject(call, user_id)))

    @operation(permission=Open.SIGNED_IN, body=ConsentIn, answers={200: ConsentsOut}, problems=(404,))
    def post(self, call: Call, user_id: UUID) -> Answer:
        """Write down a person's answer for them.

        Giving it does not switch marketing on where the person switched it off; withdrawing switches it off.
        """
        return _answer(call, _subject(call, user_id))


class UserConsentHistoryView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.SIGNED_IN, query=PageQuery, answers={200: RecordPage}, problems=(404,))
    def get(self, call: Call, user_id: UUID) -> Answer:
        """List all that a person ever agreed to or withdrew."""
        return _history(call, _subject(call, user_id).id)


class ConsentImportView(Endpoint):
    tag = "preferences"

    @operation(permission=Permission.STAFF, body=ConsentImport, answers={200: ConsentsImported}, max_bytes=8_000_000)
    def post(self, call: Call) -> Answer:
        """Take over answers that were given elsewhere, with the time they were given.

        Those that are older than the newest that is known become history and change nothing. Repeating an import adds
        nothing.
        """
        body: ConsentImport = call.body
        now = clock.now()
        known = Known(people=_people(body.consents), versions=texts.published())
        errors: list[FieldProblem] = []
        answers = []
        for place, each in enumerate(body.consents):
            try:
                answers.append(_imported(each, known, call.caller, body.source_name, now, place))
            except InputError as error:
                errors.append(FieldProblem(pointer=error.pointer, code=error.code, message=error.message))
        added = import_answers(answers)
        log.info("consents_imported", added=added, refused=len(errors), by=str(call.caller.id))
        return Answer(
            value=ConsentsImported(
                added=added, known=len(answers) - added, refused=len(errors), errors=errors[:MOST_ERRORS]
            )
        )


People = dict[UUID | str, UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an import is checked against: people by id and external id, and published versions by purpose."""

    people: People
    versions: set[tuple[str, int]]


def _people(given: list[ImportedConsent]) -> People:
    ids = {each.user_id for each in given if each.user_id}
    keys = {each.external_id for each in given if each.external_id}
    by_id = User.objects.filter(pk__in=ids).values_list("id", flat=True)
    by_key = User.objects.filter(external_id__in=keys).values_list("external_id", "id")
    return {**{one: one for one in by_id}, **{str(key): one for key, one in by_key}}


def _imported(
    each: ImportedConsent, known: Known, caller: Caller, source_name: str, now: datetime, place: int
) -> history.Answer:
    pointer = f"/consents/{place}"
    if (each.user_id is None) == (not each.external_id):
        raise InputError("one_of", "give user_id or external_id, one of the two", pointer=pointer)
    user_id = known.people.get(each.user_id or each.external_id)
    if user_id is None:
        raise InputError("user_not_found", "there is no such user", pointer=pointer)
    if each.at > now:
        raise InputError("in_the_future", "an answer cannot be from the future", pointer=f"{pointer}/at")
    version = each.text_version
    if version is not None and (each.purpose, version) not in known.versions:
        raise texts.unknown_version(f"{pointer}/text_version")
    return history.Answer(
        user_id=user_id,
        purpose=each.purpose,
        given=each.given,
        source=Source.IMPORT,
        actor=actor(caller),
        at=each.at,
        text_version=version,
        detail=f"{source_name}: {each.detail}" if each.detail else source_name,
    )
