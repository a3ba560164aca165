"""Every route declares who may call it, and nothing under /api/v1/ goes around the shell that asks."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView, SpectacularSwaggerView

from clarion.records.access.permissions import Permission
from clarion.surfaces.api.endpoint import Endpoint, Open, Operation
from clarion.surfaces.api.path_ids import any_case
from clarion.surfaces.api.urls import ROUTES

METHODS = ("get", "post", "put", "patch", "delete")
SCHEMA_VIEWS = (SpectacularAPIView, SpectacularSwaggerSplitView, SpectacularSwaggerView)
SCHEMA_ROUTES = {f"api/v1/{name}{slash}" for name in ("schema", "docs") for slash in ("", "/")}


def _patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, Any]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            yield route, entry.callback
        else:
            yield from _patterns(entry, route)


def test_every_method_of_every_route_declares_its_permission() -> None:
    undeclared, declared = [], 0
    for route, view in ROUTES.items():
        handlers = {method: getattr(view, method) for method in METHODS if hasattr(view, method)}
        assert handlers, f"{route} answers no method"
        for method, handler in handlers.items():
            operation = getattr(handler, "operation", None)
            if isinstance(operation, Operation) and isinstance(operation.permission, Permission | Open):
                declared += 1
            else:
                undeclared.append(f"{method.upper()} {route}")

    assert undeclared == []
    assert declared > len(ROUTES)


def test_every_view_under_the_api_is_an_endpoint_or_a_schema_page() -> None:
    views = {route: getattr(view, "cls", None) for route, view in _patterns(get_resolver()) if route.startswith("api/")}

    assert {f"api/v1/{any_case(route)}" for route in ROUTES} <= set(views)
    others = {route: view for route, view in views.items() if view is None or not issubclass(view, Endpoint)}
    assert set(others) == SCHEMA_ROUTES
    assert all(view is not None and issubclass(view, SCHEMA_VIEWS) for view in others.values())


def test_the_operations_open_to_anyone_are_these() -> None:
    """A new one is a decision: this list says so in the review."""
    found = {
        f"{method.upper()} {route}"
        for route, view in ROUTES.items()
        for method in METHODS
        if (handler := getattr(view, method, None)) and handler.operation.permission is Open.ANYONE
    }

    hooks = {"GET hooks/<str:provider>/<str:token>", "POST hooks/<str:provider>/<str:token>"}  # proved by signature
    public = {"GET core/health", "GET push/webpush-key"}  # the key is told to every visitor of a page
    linked = {"GET preferences/unsubscribe", "POST preferences/unsubscribe"}  # the signed link says who
    asked = {"POST lists/<str:key>/subscribe"}  # does nothing until the address's owner confirms
    assert found == {"POST auth/register", "POST auth/login", "POST auth/refresh", *public, *hooks, *linked, *asked}


def test_every_path_is_known_with_and_without_its_trailing_slash() -> None:
    routes = {route for route, _ in _patterns(get_resolver()) if route.startswith("api/v1/")}

    assert {route for route in routes if not route.endswith("/") and f"{route}/" not in routes} == set()
