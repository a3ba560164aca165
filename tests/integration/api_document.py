"""The OpenAPI document as the judge of answers: every answer of the API under test is held against it."""

import json
import re
from datetime import datetime
from functools import lru_cache
from typing import Any

import pytest
from django.urls import Resolver404
from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator, FormatChecker

from tests.conftest import Api

PROBLEM = "application/problem+json"
FORMATS = FormatChecker(formats=("uuid",))


@FORMATS.checks("date-time", raises=ValueError)
def _is_rfc_3339_in_utc(value: object) -> bool:
    return not isinstance(value, str) or (value.endswith("Z") and datetime.fromisoformat(value).tzinfo is not None)


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The document as served."""
    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True)))


@lru_cache(maxsize=256)
def validator(reference: str) -> Draft202012Validator:
    """For a schema of the document, given as JSON."""
    schema = {**json.loads(reference), "components": document()["components"]}
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FORMATS)


def template_of(route: str) -> str:
    """Django's route → the document's path."""
    return "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route).rstrip("/")


def _path_of(answer: Any) -> str:
    try:
        return template_of(answer.resolver_match.route)
    except Resolver404:
        return ""


def judge(method: str, path: str, answer: Any) -> None:
    """Fail when the answer is not what the document promises for the operation."""
    kind = answer.headers.get("Content-Type", "")
    operation = document()["paths"].get(_path_of(answer), {}).get(method)
    where = f"{method} {path} → {answer.status_code}"
    assert answer.headers["X-Request-ID"]
    if operation is None:
        assert answer.status_code in (400, 404, 405), where
        _valid('{"$ref": "#/components/schemas/Problem"}', answer, where)
        return
    promised = operation["responses"].get(str(answer.status_code))
    assert promised is not None, f"{where} is not documented; {answer.content[:300]!r}"
    if "content" not in promised:
        assert answer.content == b"", where
        return
    assert kind in promised["content"], f"{where}: {kind} is not documented"
    if not kind.endswith("json"):
        return
    _valid(json.dumps(promised["content"][kind]["schema"]), answer, where)
    if kind == PROBLEM:
        problem = answer.json()
        assert problem["status"] == answer.status_code
        assert problem["type"] == f"urn:clarion:problem:{problem['code']}"
        assert problem["trace_id"] == answer.headers["X-Request-ID"]


def _valid(reference: str, answer: Any, where: str) -> None:
    if answer.request["REQUEST_METHOD"] == "HEAD":
        return
    errors = [f"{e.json_path}: {e.message}"[:300] for e in validator(reference).iter_errors(answer.json())]
    assert not errors, f"{where}: {errors}"


def watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge every answer that an Api gets during the test."""
    plain = Api.call

    def call(self: Api, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        answer = plain(self, method, path, body=body, headers=headers)
        if not path.startswith(("docs", "schema")):
            judge(method, path, answer)
        return answer

    monkeypatch.setattr(Api, "call", call)


def refused(answer: Any, status: int, code: str, pointer: str | None = None) -> dict[str, Any]:
    """Assert a problem with this status, code and (first) pointer; the problem."""
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["Content-Type"] == PROBLEM
    if pointer is not None:
        assert [e["pointer"] for e in problem.get("errors", [])][:1] == [pointer], problem
    return problem
