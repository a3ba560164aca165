"""The OpenAPI document: valid, complete, and served without any foreign host."""

import re
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from clarion.surfaces.api.urls import ROUTES
from tests.conftest import Api
from tests.integration.api_document import document, template_of

METHODS = ("get", "post", "put", "patch", "delete")


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, item in document()["paths"].items() for method, one in item.items()]


def test_every_route_and_method_is_there_once_without_a_trailing_slash() -> None:
    wanted = {
        (template_of(f"api/v1/{route}"), method)
        for route, view in ROUTES.items()
        for method in METHODS
        if hasattr(view, method)
    }
    assert {(path, method) for path, method, _ in _operations()} == wanted
    assert not [path for path in document()["paths"] if path.endswith("/")]


def test_every_operation_declares_what_it_needs_and_says_what_it_does() -> None:
    for path, method, operation in _operations():
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"] != ["clarion"], where
        assert hasattr(getattr(ROUTES[_route(path)], method), "operation"), where
        placed = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert placed == set(re.findall(r"{(\w+)}", path)), where


def _route(path: str) -> str:
    return next(route for route in ROUTES if template_of(f"api/v1/{route}") == path)


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in _operations()]
    assert len(names) == len(set(names))


def test_it_is_openapi_3_1_and_every_reference_leads_somewhere() -> None:
    assert document()["openapi"].startswith("3.1.")
    found = set(re.findall(r"'\$ref': '([^']+)'", str(document())))
    assert found
    for reference in found:
        at: Any = document()
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def test_every_component_is_a_schema_used_somewhere() -> None:
    text = str(document())
    for name, schema in document()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert f"#/components/schemas/{name}'" in text, name


def test_it_keeps_to_the_metaschema_of_openapi_3_1() -> None:
    from schemathesis.specs.openapi import definitions  # the metaschema, as OpenAPI publishes it

    errors = Draft202012Validator(definitions.OPENAPI_31).iter_errors(document())
    assert [f"{e.json_path}: {e.message}"[:300] for e in errors] == []


@pytest.mark.parametrize("path", ["schema", "schema/"])
def test_the_document_is_served_to_anybody(anonymous: Api, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code == 200
    served = yaml.safe_load(answer.content)
    assert set(served["paths"]) == set(document()["paths"])


def test_the_document_is_served_as_json_on_request(anonymous: Api) -> None:
    answer = anonymous.get("schema?format=json")
    assert answer.status_code == 200
    assert answer.json()["paths"] == document()["paths"]


@pytest.mark.parametrize("path", ["docs", "docs/"])
def test_the_docs_page_loads_nothing_from_foreign_hosts(anonymous: Api, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status_code == 200
    page = answer.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) >= 4
    for url in loaded:
        assert url.startswith("/"), url
        assert not url.startswith("//"), url
        part = anonymous._client.get(url.replace("&amp;", "&"))
        assert part.status_code == 200, url
        part.close()
    # nothing on the page is against its own content policy
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert re.findall(r"<script>|\son\w+=", page) == []
