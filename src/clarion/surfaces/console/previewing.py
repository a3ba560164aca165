"""What the template page's program asks while somebody writes: previews, checks, people. Nothing is stored."""

from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from clarion.records.access.permissions import Permission
from clarion.records.templating.draft import Draft
from clarion.records.templating.models import Template
from clarion.records.templating.translations import Completeness, made_from, states, wanted_locales
from clarion.records.templating.versions import find_template, newest
from clarion.surfaces.api.decoding import decode_body
from clarion.surfaces.api.previewing import make_preview, problems_of
from clarion.surfaces.api.previews import PREVIEW_BYTES, PreviewDraftIn, wished_of
from clarion.surfaces.api.problems import Refusal
from clarion.surfaces.api.template_answers import shown_problems
from clarion.surfaces.api.template_bodies import ProblemOut, TemplateIn
from clarion.surfaces.api.template_bodies import draft_of as draft_of_body
from clarion.surfaces.console.doors import console_data, present
from clarion.surfaces.console.people import PersonChoice, find_people
from clarion.surfaces.console.policy import RENDERED_POLICY
from clarion.surfaces.console.variables import VariableUse, variables_of

HTML_MOST = 2_000_000
DARK, LIGHT = "(min-width: 0)", "(max-width: 0)"
_SCHEMES = ("(prefers-color-scheme: dark)", "(prefers-color-scheme:dark)")


class CheckBody(msgspec.Struct, frozen=True, kw_only=True):
    """A draft to check; `id` where it is stored already, to compare with what is in force."""

    template: TemplateIn
    id: UUID | None = None


class Behind(msgspec.Struct, frozen=True, kw_only=True):
    """A wanted language that is not complete on a channel: `missing`, `partial` or `stale`."""

    channel: str
    locale: str
    state: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against publishing, which translations are behind, and which variables are used where."""

    checks: list[ProblemOut]
    behind: list[Behind]
    variables: list[VariableUse]


class People(msgspec.Struct, frozen=True, kw_only=True):
    people: list[PersonChoice]


def answered(value: msgspec.Struct, status: int = 200) -> HttpResponse:
    """A value as JSON."""
    return HttpResponse(msgspec.json.encode(value), status=status, content_type="application/json")


@console_data(Permission.TEMPLATES)
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """A draft as somebody would get it; the checks are asked for by themselves."""
    body = decode_body(request, PreviewDraftIn, PREVIEW_BYTES)
    assert body is not None
    return answered(make_preview(draft_of_body(body.template), wished_of(body), present(request), checked=False))


@console_data(Permission.TEMPLATES)
@require_POST
def check(request: HttpRequest) -> HttpResponse:
    """What stands against a draft, and its variables; its sample is rendered by the preview."""
    body = decode_body(request, CheckBody, PREVIEW_BYTES)
    assert body is not None
    draft = draft_of_body(body.template)
    template = find_template(body.id) if body.id is not None else None
    found = shown_problems(problems_of(draft, template))
    return answered(Checked(checks=found, behind=_behind(draft, template), variables=variables_of(draft)))


def _behind(draft: Draft, template: Template | None) -> list[Behind]:
    made = made_from(draft, newest(template) if template is not None else None)
    there = (locale for locales in draft.content.values() for locale in locales if locale)
    wanted = tuple(dict.fromkeys((*wanted_locales(draft.locales), *there)))
    return [
        Behind(channel=str(one.channel), locale=each.locale, state=str(one.state))
        for each in states(draft.content, made, wanted)
        for one in each.channels
        if one.state is not Completeness.COMPLETE
    ]


@console_data(Permission.TEMPLATES)
@require_POST
def html(request: HttpRequest) -> HttpResponse:
    """The HTML that was posted, as hostile as it may be, locked up by its own policy; for the frame of the preview.

    A frame cannot be given its content by the page, for it would come under the page's policy, which allows no styles
    inside. Kept nowhere: it may hold somebody's data.
    """
    text = request.POST.get("html", "")
    if len(text) > HTML_MOST:
        raise Refusal(413, "body_too_large", f"the HTML may have {HTML_MOST} characters at most")
    condition = DARK if request.POST.get("scheme") == "dark" else LIGHT
    for query in _SCHEMES:
        text = text.replace(query, condition)
    response = HttpResponse(text, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = RENDERED_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Referrer-Policy"] = "no-referrer"
    return response


@console_data(Permission.STAFF)
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    """`?q=`: whole email, phone, external id or id; without it, those who came last."""
    return answered(People(people=find_people(request.GET.get("q", "").replace("\0", "").strip()[:300])))
