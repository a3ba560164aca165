"""Templates: create, list, show, change (a new version), take out of use. Versions are in template_versions.py."""

from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.categories.catalog import catalog as categories
from clarion.records.templating import writer
from clarion.records.templating.models import Template
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation
from clarion.surfaces.api.fields import Text
from clarion.surfaces.api.paging import Page, PageQuery, page_of
from clarion.surfaces.api.template_answers import answer_with, expected_of
from clarion.surfaces.api.template_bodies import (
    TEMPLATE_BYTES,
    TemplateIn,
    TemplateOut,
    TemplateWhole,
    base_of,
    draft_of,
    find,
    newest_of,
    with_numbers,
)

__all__ = ["TemplateIn", "TemplateView", "TemplatesView", "draft_of"]

CATEGORY_QUERY = "/query/category"


class TemplatePage(Page[TemplateOut], frozen=True, kw_only=True):
    """A page of templates."""


class TemplatesQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Filters. `published` false: those that were never published."""

    category: Text = ""
    channel: ChannelKey | None = None
    path: Text = ""
    active: bool | None = None
    published: bool | None = None


def _category_id(name: str) -> int:
    """A category as it stands in a query: by key, or by its integer id."""
    numeric = name.isascii() and name.isdigit()
    found = categories.find(name) or (categories.find(int(name)) if numeric else None)
    if found is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer=CATEGORY_QUERY)
    return found.id


class TemplatesView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, query=TemplatesQuery, answers={200: TemplatePage})
    def get(self, call: Call) -> Answer:
        """List templates, newest first, drafts too."""
        query: TemplatesQuery = call.query
        rows = with_numbers(Template.objects.all())
        if query.category:
            rows = rows.filter(category_id=_category_id(query.category))
        if query.channel:
            rows = rows.filter(channels__contains=[str(query.channel)])
        if query.path:
            rows = rows.filter(path=query.path)
        if query.active is not None:
            rows = rows.filter(active=query.active)
        if query.published is not None:
            rows = rows.filter(current_version__isnull=not query.published)
        found, following, preceding = page_of(call.request, rows, query)
        drafts = newest_of(found)
        results = [TemplateOut(**base_of(row, row.current_version or drafts[row.id])) for row in found]
        return Answer(value=TemplatePage(results=results, next=following, previous=preceding))

    @operation(
        permission=Permission.TEMPLATES,
        body=TemplateIn,
        answers={201: TemplateWhole},
        problems=(409,),
        max_bytes=TEMPLATE_BYTES,
    )
    def post(self, call: Call) -> Answer:
        """Create a template. Its first version is in force at once, unless `publish` is false or four eyes are wanted:
        then it is a draft (`state`), which may still have errors (`draft.problems`)."""
        row = writer.create(draft_of(call.body), call.caller.user_id, publish=call.body.publish)
        return answer_with(row.id, status=201, location=True)


class TemplateView(Endpoint):
    tag = "templates"

    @operation(permission=Permission.TEMPLATES, answers={200: TemplateWhole}, problems=(404,))
    def get(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Show a template with the content in force, and its draft if there is one."""
        return answer_with(id)

    @operation(
        permission=Permission.TEMPLATES,
        body=TemplateIn,
        answers={200: TemplateWhole},
        problems=(404, 409),
        max_bytes=TEMPLATE_BYTES,
    )
    def put(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Change a template: a new version, in force at once, unless `publish` is false or four eyes are wanted: then
        it is the draft. With If-Match or `expected_version`, nothing is stored when somebody saved meanwhile. What was
        accepted before keeps its own version."""
        body: TemplateIn = call.body
        expected = expected_of(call, body.expected_version)
        author = call.caller.user_id
        writer.save(find(id).id, draft_of(body), author, expected_version=expected, publish=body.publish)
        return answer_with(id)

    @operation(permission=Permission.TEMPLATES, answers={204: None}, problems=(404,))
    def delete(self, call: Call, id: UUID) -> Answer:  # noqa: A002
        """Take a template out of use. Its versions stay, for what was accepted with them is still delivered."""
        writer.take_out(find(id).id)
        return Answer(status=204)
