"""Templates: create, list, show, change (a new version), validate, take out of use."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog as categories
from clarion.records.people.directory import checked_locale
from clarion.records.templating import writer
from clarion.records.templating.catalog import catalog as templates
from clarion.records.templating.models import Template, TemplateContent, TemplateVersion
from clarion.surfaces.api.chains import FallbackOut, OwnChain, shown_chain, stored_chain
from clarion.surfaces.api.decoding import escaped
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import CategoryName, Instant, Name, Path, Priority, Text, Variable, priority_number
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.problems import Refusal

DEFAULT = "default"
CATEGORY_QUERY = "/query/category"
Source = Annotated[str, Meta(max_length=100_000)]
Fields = dict[str, Source]
Variables = Annotated[list[Variable], Meta(max_length=100)]
Content = Annotated[dict[ChannelKey, dict[str, Fields]], Meta(min_length=1)]


class TemplateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template. `content` is channel → locale (`default` or such as `pt-BR`) → fields of the channel. `fallback` is
    the chain of channels of sends that name none themselves; it goes before the category's."""

    path: Path
    name: Name
    category: CategoryName
    content: Content
    required_variables: Variables = []
    optional_variables: Variables = []
    default_priority: Priority = 3
    active: bool = True
    note: Text = ""
    fallback: OwnChain | None = None


class TemplateOut(msgspec.Struct, frozen=True, kw_only=True):
    """A template as it stands."""

    id: UUID
    path: str
    name: str
    category: str
    category_id: int
    channels: list[str]
    required_variables: list[str]
    optional_variables: list[str]
    default_priority: int
    active: bool
    fallback: FallbackOut | None
    version: int
    version_id: UUID
    created_at: Instant
    updated_at: Instant


class TemplateWhole(TemplateOut, frozen=True, kw_only=True):
    """With the content of its current version."""

    content: dict[str, dict[str, dict[str, str]]]


class VersionOut(msgspec.Struct, frozen=True, kw_only=True):
    """One version."""

    id: UUID
    number: int
    state: str
    author_id: UUID | None
    note: str
    created_at: Instant
    content: dict[str, dict[str, dict[str, str]]]


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """All versions, newest first."""

    results: list[VersionOut]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, and where."""

    channel: str
    locale: str
    field: str
    line: int
    code: str
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`missing`: required but used nowhere; `unused`: optional but used nowhere; `undeclared`: used, not declared."""

    valid: bool
    errors: list[Fault]
    missing: list[str]
    unused: list[str]
    undeclared: list[str]
    used: list[str]


class TemplatePage(Page[TemplateOut], frozen=True, kw_only=True):
    """A page of templates."""


class TemplatesQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters."""

    category: Text = ""
    channel: ChannelKey | None = None
    path: Text = ""
    active: bool | None = None


def draft_of(body: TemplateIn) -> writer.Draft:
    """The body as a draft; raises InputError for unknown categories and locales."""
    category = categories.find(body.category)
    if category is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer="/category")
    content = {
        key: {
            "" if name == DEFAULT else checked_locale(name, f"/content/{key}/{escaped(name[:64])}"): fields
            for name, fields in locales.items()
        }
        for key, locales in body.content.items()
    }
    return writer.Draft(
        path=body.path,
        name=body.name,
        category_id=category.id,
        content=content,
        required=tuple(body.required_variables),
        optional=tuple(body.optional_variables),
        default_priority=priority_number(body.default_priority),
        active=body.active,
        note=body.note,
        fallback=stored_chain(body.fallback),
    )


def _category_id(name: str) -> int:
    """A category as it stands in a query: by key, or by its integer id."""
    numeric = name.isascii() and name.isdigit()
    found = categories.find(name) or (categories.find(int(name)) if numeric else None)
    if found is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer=CATEGORY_QUERY)
    return found.id


def _base(row: Template) -> dict[str, object]:
    if row.current_version is None:
        raise Refusal(404, "template_not_found", "the template has no version yet")
    return {
        "id": row.id,
        "path": row.path,
        "name": row.name,
        "category": row.category.key,
        "category_id": row.category_id,
        "channels": list(row.channels),
        "required_variables": list(row.required_variables),
        "optional_variables": list(row.optional_variables),
        "default_priority": row.default_priority,
        "active": row.active,
        "fallback": shown_chain(row.fallback),
        "version": row.current_version.number,
        "version_id": row.current_version.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _content_of(versions: list[UUID]) -> dict[UUID, dict[str, dict[str, dict[str, str]]]]:
    found: dict[UUID, dict[str, dict[str, dict[str, str]]]] = {}
    for row in TemplateContent.objects.filter(version_id__in=versions):
        found.setdefault(row.version_id, {}).setdefault(row.channel, {})[row.locale or DEFAULT] = row.fields
    return found


def _whole(row: Template) -> TemplateWhole:
    base = _base(row)
    content = _content_of([row.current_version_id]) if row.current_version_id else {}
    return TemplateWhole(**base, content=content.get(row.current_version_id, {}))  # type: ignore[arg-type]


def _find(identifier: UUID) -> Template:
    row = Template.objects.select_related("category", "current_version").filter(pk=identifier).first()
    if row is None:
        raise Refusal(404, "template_not_found", "there is no template with this id")
    return row


class TemplatesView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, query=TemplatesQuery, answers={200: TemplatePage})
    def get(self, call: Call) -> Answer:
        """List templates, newest first."""
        query: TemplatesQuery = call.query
        rows = Template.objects.select_related("category", "current_version").exclude(current_version=None)
        if query.category:
            rows = rows.filter(category_id=_category_id(query.category))
        if query.channel:
            rows = rows.filter(channels__contains=[str(query.channel)])
        if query.path:
            rows = rows.filter(path=query.path)
        if query.active is not None:
            rows = rows.filter(active=query.active)
        found, following, preceding = page_of(call.request, rows, query)
        results = [TemplateOut(**_base(row)) for row in found]  # type: ignore[arg-type]
        return Answer(value=TemplatePage(results=results, next=following, previous=preceding))

    @operation(permission=Permission.TEMPLATES, body=TemplateIn, answers={201: TemplateWhole}, problems=(409,))
    def post(self, call: Call) -> Answer:
        """Create a template; its first version is in force at once."""
        row = writer.create(draft_of(call.body), call.caller.user_id)
        headers = {"Location": f"/api/v1/templates/{row.id}"}
        return Answer(status=201, value=_whole(_find(row.id)), headers=headers)


class TemplateView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: TemplateWhole}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show a template with the content in force."""
        return Answer(value=_whole(_find(id)))

    @operation(permission=Permission.TEMPLATES, body=TemplateIn, answers={200: TemplateWhole}, problems=(404,))
    def put(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Change a template: a new version, in force at once; what was accepted before keeps its own."""
        writer.update(_find(id), draft_of(call.body), call.caller.user_id)
        return Answer(value=_whole(_find(id)))

    @operation(permission=Permission.TEMPLATES, answers={204: None}, problems=(404,))
    def delete(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Take a template out of use. Its versions stay, for what was accepted with them is still delivered."""
        row = _find(id)
        row.active = False
        row.save()
        templates.refresh()
        return Answer(status=204)


class VersionsView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: Versions}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """List a template's versions with their content, newest first (100 at most)."""
        rows = list(TemplateVersion.objects.filter(template=_find(id)).order_by("-number")[:100])
        content = _content_of([row.id for row in rows])
        results = [
            VersionOut(
                id=row.id,
                number=row.number,
                state=row.state,
                author_id=row.author_id,
                note=row.note,
                created_at=row.created_at,
                content=content.get(row.id, {}),
            )
            for row in rows
        ]
        return Answer(value=Versions(results=results))


def report_of(draft: writer.Draft) -> Report:
    """The reports over all channels and locales in one."""
    checked = writer.check(draft)
    faults = [
        Fault(
            channel=one.channel,
            locale=one.locale or DEFAULT,
            field=fault.field,
            line=fault.line,
            code=fault.code,
            message=fault.message,
        )
        for one in checked
        for fault in one.report.errors
    ]
    used = {name for one in checked for name in one.report.used}
    unused = set.intersection(*(set(one.report.unused) for one in checked)) if checked else set()
    missing = writer.missing_everywhere(checked)
    return Report(
        valid=not faults and not missing,
        errors=faults,
        missing=missing,
        unused=sorted(unused),
        undeclared=sorted({name for one in checked for name in one.report.undeclared}),
        used=sorted(used),
    )


class ValidateDraftView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, body=TemplateIn, answers={200: Report}, idempotent_key=False)
    def post(self, call: Call) -> Answer:
        """Validate a template without storing it."""
        return Answer(value=report_of(draft_of(call.body)))


class ValidateView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: Report}, problems=(404,), idempotent_key=False)
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Validate the content in force."""
        row = _find(id)
        content = _content_of([row.current_version_id]) if row.current_version_id else {}
        of_version = content.get(row.current_version_id, {}) if row.current_version_id else {}
        draft = writer.Draft(
            path=row.path,
            name=row.name,
            category_id=row.category_id,
            content={ChannelKey(key): locales for key, locales in of_version.items()},
            required=tuple(row.required_variables),
            optional=tuple(row.optional_variables),
        )
        return Answer(value=report_of(draft))
