"""The pages of the console. A new page is a module with its views and one entry here; navigation, overview and routes
follow from it."""

from django.urls import path

from clarion.records.access.permissions import Permission
from clarion.surfaces.console import (
    explain_forecast,
    explain_page,
    previewing,
    template_list,
    template_page,
    template_writing,
)
from clarion.surfaces.console.page import ConsolePage

_ONE = "templates/<uuid:identifier>"

TEMPLATES = ConsolePage(
    key="templates",
    title="Templates",
    path="templates/",
    icon="draft",
    says="Write what is said, on each channel and in each language; preview, test and publish it.",
    permission=Permission.TEMPLATES,
    routes=(
        path("templates/", template_list.page),
        path("templates/new", template_page.new),
        path("templates/preview", previewing.preview),
        path("templates/preview/html", previewing.html),
        path("templates/check", previewing.check),
        path("templates/people", previewing.people),
        path("templates/create", template_writing.create),
        path(f"{_ONE}/", template_page.page),
        path(f"{_ONE}/save", template_writing.save),
        path(f"{_ONE}/publish", template_writing.publish),
        path(f"{_ONE}/rollback", template_writing.rollback),
        path(f"{_ONE}/versions", template_writing.versions),
        path(f"{_ONE}/versions/<int:number>", template_writing.version),
        path(f"{_ONE}/test", template_writing.test),
    ),
)

EXPLAIN = ConsolePage(
    key="explain",
    title="Explain",
    path="explain/",
    icon="help",
    says="Why something reached somebody, or did not; and what a send would come to.",
    permission=Permission.STAFF,
    routes=(
        path("explain/", explain_page.search),
        path("explain/dry-run/", explain_forecast.page),
        path("explain/people/<uuid:identifier>/", explain_page.day),
        path("explain/<uuid:identifier>/", explain_page.one),
    ),
)

PAGES: tuple[ConsolePage, ...] = (TEMPLATES, EXPLAIN)
