"""The page of one template: editor, preview, checks, versions. Its program is static/console/template.js."""

from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET

from clarion.contract.input_error import InputError
from clarion.records.access.permissions import Permission
from clarion.records.templating.versions import find_template
from clarion.surfaces.console.doors import console_page, present
from clarion.surfaces.console.site import site
from clarion.surfaces.console.template_state import TemplateState, empty_state, page_state, state_of


@console_page(Permission.TEMPLATES)
@ensure_csrf_cookie
@require_GET
def page(request: HttpRequest, identifier: UUID) -> HttpResponse:
    """`/console/templates/<id>/`."""
    try:
        template = find_template(identifier)
    except InputError as error:
        raise Http404 from error
    return _page(request, template.name, state_of(template))


@console_page(Permission.TEMPLATES)
@ensure_csrf_cookie
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """`/console/templates/new`."""
    return _page(request, "New template", empty_state())


def _page(request: HttpRequest, title: str, stored: TemplateState) -> HttpResponse:
    state = msgspec.to_builtins(page_state(stored, present(request)))
    return site.show(request, "console/template.html", {"title": title, "state": state, "stored": stored})
