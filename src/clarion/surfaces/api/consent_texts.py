"""The words that people agree to: drafts, and published versions that never change."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.consents import texts
from clarion.records.consents.models import Text
from clarion.records.people.directory import checked_locale
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, Open, operation
from clarion.surfaces.api.fields import Instant, Locale
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import Refusal

Words = Annotated[str, Meta(min_length=1, max_length=20_000)]
Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Askable = Literal["marketing", "processing"]


class ConsentTextOut(msgspec.Struct, frozen=True, kw_only=True):
    """Words in one language. `published_at` null: a draft, which nobody is shown."""

    id: UUID
    purpose: str
    version: int
    locale: str
    text: str
    created_at: Instant
    published_at: Instant | None


class ConsentTextPage(Page[ConsentTextOut], frozen=True, kw_only=True):
    """A page of texts."""


class ConsentTextsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters."""

    purpose: Askable | None = None


class ConsentTextIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A draft. Without `version`: of the version after the latest published one."""

    purpose: Askable
    locale: Locale
    text: Words
    version: Version | None = None


class ConsentTextChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other words for a draft."""

    text: Words


def _out(row: Text) -> ConsentTextOut:
    return ConsentTextOut(
        id=row.id,
        purpose=row.purpose,
        version=row.version,
        locale=row.locale,
        text=row.text,
        created_at=row.created_at,
        published_at=row.published_at,
    )


def _found(row: Text | None) -> Answer:
    if row is None:
        raise Refusal(404, "consent_text_not_found", "there is no such text")
    return Answer(value=_out(row))


class ConsentTextsView(Endpoint):
    tag = "preferences"

    @operation(permission=Open.ANY_CALLER, query=ConsentTextsQuery, answers={200: ConsentTextPage})
    def get(self, call: Call) -> Answer:
        """List the published texts, newest first; drafts too for staff."""
        rows = Text.objects.all() if call.caller.may(Permission.STAFF) else Text.objects.exclude(published_at=None)
        if call.query.purpose:
            rows = rows.filter(purpose=call.query.purpose)
        found, following, preceding = page_of(call.request, rows, call.query)
        page = ConsentTextPage(results=[_out(row) for row in found], next=following, previous=preceding)
        return Answer(value=page)

    @operation(permission=Permission.STAFF, body=ConsentTextIn, answers={201: ConsentTextOut})
    def post(self, call: Call) -> Answer:
        """Draft a text in one language."""
        body: ConsentTextIn = call.body
        row = texts.draft(body.purpose, checked_locale(body.locale), body.text, body.version)
        return Answer(status=201, value=_out(row))


class ConsentTextView(Endpoint):
    tag = "preferences"

    @operation(permission=Permission.STAFF, body=ConsentTextChange, answers={200: ConsentTextOut}, problems=(404, 409))
    def patch(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Change a draft; 409 once it is published."""
        return _found(texts.change(id, call.body.text))


class PublishConsentTextView(Endpoint):
    tag = "preferences"

    @operation(permission=Permission.STAFF, answers={200: ConsentTextOut}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Publish a version in all its languages; from then on it is what people agree to, and never changes."""
        return _found(texts.publish(id, clock.now()))
