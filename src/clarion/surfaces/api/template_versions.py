"""Versions of a template: list, show, compare, publish, roll back, discard; and a template out of and into use."""

from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog as categories
from clarion.records.templating import diffs, writer
from clarion.records.templating.models import Template, TemplateVersion
from clarion.records.templating.versions import current_draft, draft_of, find_template, find_version
from clarion.surfaces.api.chains import FallbackOut, shown_chain
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Instant, Object, Text
from clarion.surfaces.api.template_answers import answer_with, expected_of
from clarion.surfaces.api.template_bodies import (
    DEFAULT,
    Expected,
    Number,
    Shown,
    TemplateWhole,
    shown_content,
    shown_contents,
)

LISTED = 100


class VersionOut(msgspec.Struct, frozen=True, kw_only=True):
    """One version: who wrote it and why, who put it in force and why. `based_on` was in force when it was saved (0:
    nothing), `restored_from` is the version that a rollback brought back."""

    id: UUID
    number: int
    state: str
    author_id: UUID | None
    note: str
    created_at: Instant
    based_on: int | None
    restored_from: int | None
    publisher_id: UUID | None
    publish_note: str
    published_at: Instant | None
    archived_at: Instant | None
    content: Shown


class VersionWhole(VersionOut, frozen=True, kw_only=True):
    """With its settings, which are versioned like its content."""

    name: str
    category: str
    category_id: int
    required_variables: list[str]
    optional_variables: list[str]
    default_priority: int
    fallback: FallbackOut | None
    schema: Object
    sample: Object
    theme: str
    locales: list[str]
    publish_threshold: int | None


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first."""

    results: list[VersionOut]


class VersionsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`before`: only lower numbers. `content` false: without the content."""

    before: Number | None = None
    content: bool = True


class PublishIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which draft (absent: the one there is) and why."""

    version: Number | None = None
    note: Text = ""
    expected_version: Expected | None = None


class RollbackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Back to which version, and why."""

    version: Number
    note: Text = ""
    expected_version: Expected | None = None


# `from` is no name of Python's grammar
DiffQuery = msgspec.defstruct(
    "DiffQuery",
    [("from", Number), ("to", Number), ("rendered", bool, False)],
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    namespace={"__doc__": "Two versions. `rendered`: also what their samples look like."},
    module=__name__,
)


class SettingDiff(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that differs."""

    name: str
    before: Any
    after: Any


class FieldDiff(msgspec.Struct, frozen=True, kw_only=True):
    """A field that differs: `added`, `removed` or `changed`; `diff` is a unified diff without its header."""

    channel: str
    locale: str
    field: str
    change: str
    diff: str


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two versions. `rendered` is null where it was not asked for."""

    before: int
    after: int
    settings: list[SettingDiff]
    fields: list[FieldDiff]
    rendered: list[FieldDiff] | None


def _values(row: TemplateVersion, content: Shown) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "state": str(row.state),
        "author_id": row.author_id,
        "note": row.note,
        "created_at": row.created_at,
        "based_on": row.based_on,
        "restored_from": row.restored_from,
        "publisher_id": row.publisher_id,
        "publish_note": row.publish_note,
        "published_at": row.published_at,
        "archived_at": row.archived_at,
        "content": content,
    }


def _whole(template: Template, row: TemplateVersion) -> VersionWhole:
    draft = draft_of(template, row)
    category = categories.find(draft.category_id)
    return VersionWhole(
        **_values(row, shown_content(draft.content)),
        name=draft.name,
        category=category.key if category else "",
        category_id=draft.category_id,
        required_variables=list(draft.required),
        optional_variables=list(draft.optional),
        default_priority=draft.default_priority,
        fallback=shown_chain(draft.fallback),
        schema=dict(draft.schema),
        sample=dict(draft.sample),
        theme=draft.theme,
        locales=list(draft.locales),
        publish_threshold=draft.publish_threshold,
    )


class VersionsView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, query=VersionsQuery, answers={200: Versions}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """List a template's versions with their content, newest first (100 at most; `before` brings older ones)."""
        query: VersionsQuery = call.query
        rows = TemplateVersion.objects.filter(template=find_template(id)).order_by("-number")
        if query.before is not None:
            rows = rows.filter(number__lt=query.before)
        found = list(rows[:LISTED])
        content = shown_contents([row.id for row in found]) if query.content else {}
        return Answer(value=Versions(results=[VersionOut(**_values(row, content.get(row.id, {}))) for row in found]))


class VersionView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: VersionWhole}, problems=(404,))
    def get(self, call: Call, id: UUID, number: int) -> Answer:  # noqa: A002
        """Show one version, with its settings and content."""
        return Answer(value=_whole(find_template(id), find_version(id, number)))


class DiscardView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: VersionWhole}, problems=(404, 409))
    def post(self, call: Call, id: UUID, number: int) -> Answer:  # noqa: A002
        """Archive a draft that nobody wants any more."""
        template = find_template(id)
        return Answer(value=_whole(template, writer.discard(id, number)))


class PublishView(Endpoint):
    tag = "templates"

    @operation(
        permission=Permission.TEMPLATES,
        body=PublishIn,
        answers={200: TemplateWhole},
        problems=(403, 404, 409),
        may_be_empty=True,
    )
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Put a draft in force, all its channels and locales at once. 422 with the first error that stands against it;
        403 `four_eyes` where somebody else must."""
        body: PublishIn = call.body
        number = body.version if body.version is not None else _the_draft(id)
        expected = expected_of(call, body.expected_version)
        writer.publish(id, number, call.caller.user_id, body.note, expected_version=expected)
        return answer_with(id)


class RollbackView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, body=RollbackIn, answers={200: TemplateWhole}, problems=(403, 404, 409))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Put the content and settings of an earlier version in force again, as a new version."""
        body: RollbackIn = call.body
        expected = expected_of(call, body.expected_version)
        writer.rollback(id, body.version, call.caller.user_id, body.note, expected_version=expected)
        return answer_with(id)


class ArchiveView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: TemplateWhole}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Take a template out of use, as DELETE does."""
        writer.take_out(id)
        return answer_with(id)


class RestoreView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: TemplateWhole}, problems=(404,))
    def post(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Put a template back into use, as it was."""
        writer.use(id)
        return answer_with(id)


class DiffView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, query=DiffQuery, answers={200: Difference}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Compare two versions, text by text; with `rendered=true` also what comes of the newer one's sample."""
        template = find_template(id)
        one, other = getattr(call.query, "from"), call.query.to
        before = draft_of(template, find_version(id, one, "/query/from"))
        after = draft_of(template, find_version(id, other, "/query/to"))
        rendered = _shown(diffs.rendered_changes(before, after)) if call.query.rendered else None
        return Answer(
            value=Difference(
                before=one,
                after=other,
                settings=[
                    SettingDiff(name=each.name, before=each.before, after=each.after)
                    for each in diffs.changed_settings(before, after)
                ],
                fields=_shown(diffs.changed_fields(before.content, after.content)),
                rendered=rendered,
            )
        )


def _the_draft(identifier: UUID) -> int:
    draft = current_draft(find_template(identifier))
    if draft is None:
        message = "there is no draft to publish; save one with publish false"
        raise InputError("not_a_draft", message, pointer="/version", status=409)
    return draft.number


def _shown(found: list[diffs.FieldChange]) -> list[FieldDiff]:
    return [
        FieldDiff(
            channel=str(each.channel),
            locale=each.locale or DEFAULT,
            field=each.field,
            change=str(each.change),
            diff=each.diff,
        )
        for each in found
    ]
