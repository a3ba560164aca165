"""The console as a site of django-unfold: navigation and look come from there, pages from registry.py.

No model is registered: staff change people, templates and accounts through pages and calls that know the rules, never
through a form made from a table.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern
from unfold.sites import UnfoldAdminSite

from clarion.surfaces.console.doors import caller_of
from clarion.surfaces.console.page import ConsolePage
from clarion.surfaces.console.policy import nonce_of


class ConsoleSite(UnfoldAdminSite):  # type: ignore[misc] # untyped
    """Knows who may see which page; login, password and object pages of Django's admin are left out."""

    pages: tuple[ConsolePage, ...] = ()
    index_routes: tuple[URLPattern, ...] = ()

    def install(self, pages: tuple[ConsolePage, ...], index_routes: tuple[URLPattern, ...]) -> None:
        """Make these the pages (urls.py)."""
        self.pages, self.index_routes = pages, index_routes

    def get_urls(self) -> list[URLPattern]:
        """The index and the pages."""
        return [*self.index_routes, *(route for page in self.pages for route in page.routes)]

    def pages_for(self, request: HttpRequest) -> list[ConsolePage]:
        """The pages that this person may see."""
        caller = caller_of(request)
        return [page for page in self.pages if caller is not None and caller.may(page.permission)]

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether there is a page for them."""
        return bool(self.pages_for(request))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The navigation in unfold's form."""
        pages = [
            _item(page.title, page.url, page.icon, active=request.path.startswith(page.url))
            for page in self.pages_for(request)
        ]
        elsewhere = [_item("API docs", "/api/v1/docs", "api")]
        if settings.OUTBOX_ENABLED:
            elsewhere.insert(0, _item("Outbox", "/outbox/", "outbox"))
        overview = _item("Overview", "/console/", "space_dashboard", active=request.path == "/console/")
        return [
            {"title": "", "items": [overview, *pages]},
            {"title": "Elsewhere", "separator": True, "items": elsewhere},
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What the frame of every page needs."""
        return {
            "sidebar_navigation": self.get_sidebar_list(request),
            "site_header": settings.APP_NAME,
            "nonce": nonce_of(request),
            "has_permission": self.has_permission(request),
        }

    def show(self, request: HttpRequest, template: str, context: dict[str, object], status: int = 200) -> HttpResponse:
        """A page in the frame."""
        return render(request, template, {**self.each_context(request), **context}, status=status)


def _item(title: str, link: str, icon: str, *, active: bool = False) -> dict[str, Any]:
    return {"title": title, "link": link, "icon": icon, "active": active, "has_permission": True}


site = ConsoleSite(name="console")
