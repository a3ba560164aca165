"""What the template page's program stores and starts: saves, publishing, tests. The rules are the writer's."""

from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.templating import writer
from clarion.records.templating.models import TemplateVersion
from clarion.records.templating.versions import find_template, find_version
from clarion.surfaces.api.decoding import decode_body
from clarion.surfaces.api.fields import Object
from clarion.surfaces.api.previewing import TestWished, send_test
from clarion.surfaces.api.previews import PREVIEW_BYTES
from clarion.surfaces.api.template_bodies import TemplateIn
from clarion.surfaces.api.template_bodies import draft_of as draft_of_body
from clarion.surfaces.console.doors import console_data, present
from clarion.surfaces.console.previewing import answered
from clarion.surfaces.console.template_state import TemplateState, name_of, state_of

SMALL = 64 * 1024
VERSIONS_MOST = 200


class SaveBody(msgspec.Struct, frozen=True, kw_only=True):
    """A draft on top of the version that its author has seen."""

    template: TemplateIn
    expected_version: int = 0


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody saved meanwhile: what is stored now, so that both texts can be shown."""

    code: str
    detail: str
    stored: TemplateState


class NumberBody(msgspec.Struct, frozen=True, kw_only=True):
    """A version, and why."""

    number: int
    note: str = ""


class TestBody(msgspec.Struct, frozen=True, kw_only=True):
    """A test to oneself."""

    number: int
    channel: ChannelKey
    locale: str = ""
    context: Object | None = None


class VersionLine(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the list: who wrote it and who put it in force, when and why."""

    number: int
    state: str
    author: str
    note: str
    created_at: str
    publisher: str
    publish_note: str
    published_at: str
    restored_from: int | None


class VersionLines(msgspec.Struct, frozen=True, kw_only=True):
    versions: list[VersionLine]


class TestSent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the test at once."""

    id: UUID
    channel: str
    status: str
    reason: str


@console_data(Permission.TEMPLATES)
@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """A new template with a first draft; nothing is in force yet."""
    body = decode_body(request, SaveBody, PREVIEW_BYTES)
    assert body is not None
    template = writer.create(draft_of_body(body.template), present(request).user_id, publish=False)
    return answered(state_of(template), status=201)


@console_data(Permission.TEMPLATES)
@require_POST
def save(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """A new draft version; 409 with what is stored when somebody saved meanwhile."""
    body = decode_body(request, SaveBody, PREVIEW_BYTES)
    assert body is not None
    draft = draft_of_body(body.template)
    try:
        version = writer.save(
            identifier, draft, present(request).user_id, expected_version=body.expected_version, publish=False
        )
    except InputError as error:
        if error.code != "version_conflict":
            raise
        return _conflict(identifier, error)
    return answered(state_of(find_template(identifier), version))


def _conflict(identifier: UUID, error: InputError) -> HttpResponse:
    stored = state_of(find_template(identifier))
    return answered(Conflict(code=error.code, detail=error.message, stored=stored), status=409)


@console_data(Permission.TEMPLATES)
@require_POST
def publish(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Put a draft in force."""
    body = _number(request)
    try:
        writer.publish(identifier, body.number, present(request).user_id, body.note)
    except InputError as error:
        if error.code != "version_conflict":
            raise
        return _conflict(identifier, error)
    return answered(state_of(find_template(identifier)))


@console_data(Permission.TEMPLATES)
@require_POST
def rollback(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Put the content of an earlier version in force again, as a new version."""
    body = _number(request)
    writer.rollback(identifier, body.number, present(request).user_id, body.note)
    return answered(state_of(find_template(identifier)))


@console_data(Permission.TEMPLATES)
@require_GET
def versions(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Who wrote and published what, newest first."""
    rows = list(find_template(identifier).versions.order_by("-number")[:VERSIONS_MOST])
    names = name_of({row.author_id for row in rows} | {row.publisher_id for row in rows})
    return answered(VersionLines(versions=[_line(row, names) for row in rows]))


@console_data(Permission.TEMPLATES)
@require_GET
def version(request: HttpRequest, identifier: UUID, number: int) -> HttpResponse:
    """One version, whole."""
    template = find_template(identifier)
    return answered(state_of(template, find_version(template.id, number)))


@console_data(Permission.TEMPLATES)
@require_POST
def test(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """Send a version to whoever asks."""
    body = decode_body(request, TestBody, PREVIEW_BYTES)
    assert body is not None
    template = find_template(identifier)
    wished = TestWished(channel=body.channel, locale=body.locale, context=body.context)
    receipt = send_test(template, find_version(template.id, body.number), wished, present(request))
    first = receipt.notifications[0]
    sent = TestSent(id=first.id, channel=first.channel, status=first.status, reason=first.reason)
    return answered(sent, status=201)


def _number(request: HttpRequest) -> NumberBody:
    body = decode_body(request, NumberBody, SMALL)
    assert body is not None
    return body


def _line(row: TemplateVersion, names: dict[UUID | None, str]) -> VersionLine:
    return VersionLine(
        number=row.number,
        state=str(row.state),
        author=names.get(row.author_id, ""),
        note=row.note,
        created_at=row.created_at.isoformat(),
        publisher=names.get(row.publisher_id, ""),
        publish_note=row.publish_note,
        published_at=row.published_at.isoformat() if row.published_at else "",
        restored_from=row.restored_from,
    )
