"""Templates as the API takes and shows them: bodies ↔ drafts, rows → answers. The operations are in templates.py."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.db.models import OuterRef, QuerySet, Subquery
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.categories.catalog import catalog as categories
from clarion.records.people.directory import checked_locale
from clarion.records.templating.draft import Content as StoredContent
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template, TemplateVersion, VersionState
from clarion.records.templating.versions import contents_of
from clarion.surfaces.api.chains import FallbackOut, OwnChain, shown_chain, stored_chain
from clarion.surfaces.api.decoding import escaped
from clarion.surfaces.api.fields import (
    CategoryName,
    Instant,
    Locale,
    Name,
    Object,
    Path,
    Priority,
    Text,
    Variable,
    priority_number,
)
from clarion.surfaces.api.problems import Refusal

DEFAULT = "default"
TEMPLATE_BYTES = 5_000_000
Source = Annotated[str, Meta(max_length=100_000)]
Fields = dict[str, Source]
Variables = Annotated[list[Variable], Meta(max_length=100)]
Content = Annotated[dict[ChannelKey, dict[str, Fields]], Meta(min_length=1)]
Shown = dict[str, dict[str, dict[str, str]]]
Theme = Annotated[str, Meta(max_length=7, pattern=r"^(#[0-9A-Fa-f]{6})?$(?!\n)", examples=["#4CAF50"])]
Locales = Annotated[list[Locale], Meta(max_length=100)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Number = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Expected = Annotated[int, Meta(ge=0, le=2_147_483_647)]


class TemplateIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A template. `content` is channel → locale (`default` or such as `pt-BR`) → fields of the channel. `fallback` is
    the chain of channels of sends that name none themselves; it goes before the category's. `schema` is a JSON Schema
    of the variables, `sample` a context that satisfies it, `locales` the translations wanted, `publish_threshold` how
    many percent of them must be complete. `publish` false: kept as a draft. `expected_version` is the `latest_version`
    that the author has seen; `reviewed_locales` have translations that are right though the default has changed."""

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
    schema: Object = {}
    sample: Object = {}
    theme: Theme = ""
    locales: Locales = []
    publish_threshold: Percent | None = None
    reviewed_locales: Locales = []
    publish: bool = True
    expected_version: Expected | None = None


class TemplateOut(msgspec.Struct, frozen=True, kw_only=True):
    """A template as it stands. `state` is `published`, or `draft` where it never was; `version` is the one in force, or
    else the newest; `latest_version` the highest number given, `draft_version` the draft's."""

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
    schema: Object
    sample: Object
    theme: str
    locales: list[str]
    publish_threshold: int | None
    state: str
    version: int
    version_id: UUID
    latest_version: int
    draft_version: int | None
    created_at: Instant
    updated_at: Instant


class ProblemOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something about a draft: an error stops publishing. `channel` is empty where the whole template is meant."""

    severity: str
    code: str
    message: str
    hint: str
    pointer: str
    channel: str
    locale: str
    field: str
    line: int
    column: int


class DraftOut(msgspec.Struct, frozen=True, kw_only=True):
    """The draft that waits, and what stands against publishing it, but for the sample's rendering (see validate)."""

    version: int
    version_id: UUID
    author_id: UUID | None
    note: str
    created_at: Instant
    content: Shown
    problems: list[ProblemOut]


class TemplateWhole(TemplateOut, frozen=True, kw_only=True):
    """With the content of `version`, and the draft if there is one."""

    content: Shown
    draft: DraftOut | None


def draft_of(body: TemplateIn) -> Draft:
    """The body as a draft; raises InputError for unknown categories and locales."""
    category = categories.find(body.category)
    if category is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer="/category")
    return Draft(
        path=body.path,
        name=body.name,
        category_id=category.id,
        content=_content(body),
        required=tuple(body.required_variables),
        optional=tuple(body.optional_variables),
        default_priority=priority_number(body.default_priority),
        active=body.active,
        note=body.note,
        fallback=stored_chain(body.fallback),
        schema=body.schema,
        sample=body.sample,
        theme=body.theme,
        locales=_locales(body.locales, "/locales"),
        publish_threshold=body.publish_threshold,
        reviewed=_locales(body.reviewed_locales, "/reviewed_locales"),
    )


def _content(body: TemplateIn) -> StoredContent:
    found: dict[ChannelKey, dict[str, dict[str, str]]] = {}
    for key, locales in body.content.items():
        found[key] = {}
        for name, fields in locales.items():
            pointer = f"/content/{key}/{escaped(name[:64])}"
            locale = "" if name == DEFAULT else checked_locale(name, pointer)
            if locale in found[key]:
                raise InputError("duplicate_locale", "this locale is here twice, as pt-BR and pt_BR", pointer=pointer)
            found[key][locale] = fields
    return found


def _locales(names: Sequence[str], pointer: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(checked_locale(name, f"{pointer}/{at}") for at, name in enumerate(names)))


def with_numbers(rows: QuerySet[Template]) -> QuerySet[Template]:
    """The rows with what `base_of` shows of their versions; in the same query."""
    versions = TemplateVersion.objects.filter(template=OuterRef("pk")).order_by("-number").values("number")
    return rows.select_related("category", "current_version").annotate(
        latest_number=Subquery(versions[:1]),
        draft_number=Subquery(versions.filter(state=VersionState.DRAFT)[:1]),
    )


def find(identifier: UUID) -> Any:
    """The template with its numbers; raises Refusal 404."""
    row = with_numbers(Template.objects.filter(pk=identifier)).first()
    if row is None:
        raise Refusal(404, "template_not_found", "there is no template with this id")
    return row


def newest_of(rows: Sequence[Any]) -> dict[UUID, TemplateVersion]:
    """The newest versions of those that were never published, by template; one query, none where there are none."""
    unpublished = [row.id for row in rows if row.current_version_id is None]
    if not unpublished:
        return {}
    found = TemplateVersion.objects.filter(template_id__in=unpublished).order_by("template_id", "-number")
    return {version.template_id: version for version in found.distinct("template_id")}


def base_of(row: Any, shown: TemplateVersion) -> dict[str, Any]:
    """What TemplateOut says; `shown` is the version that its content comes from."""
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
        "schema": row.schema,
        "sample": row.sample_context,
        "theme": row.theme,
        "locales": list(row.locales),
        "publish_threshold": row.publish_threshold,
        "state": str(VersionState.PUBLISHED if row.current_version_id else VersionState.DRAFT),
        "version": shown.number,
        "version_id": shown.id,
        "latest_version": row.latest_number,
        "draft_version": row.draft_number,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def shown_contents(versions: Sequence[UUID]) -> dict[UUID, Shown]:
    """What people wrote, with `default` for the default; one query."""
    return {version: shown_content(content) for version, content in contents_of(versions).items()}


def shown_content(content: StoredContent) -> Shown:
    """One version's content as the API shows it."""
    return {
        str(key): {locale or DEFAULT: dict(fields) for locale, fields in locales.items()}
        for key, locales in content.items()
    }
