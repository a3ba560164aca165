"""Whatever somebody puts into a template's schema, sample and numbers: a refusal or an answer, never a failure."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Api

WORDS = ["type", "properties", "items", "anyOf", "not", "$ref", "$defs", "enum", "pattern", "format", "required", "if"]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["object", "string", "#/$defs/a", "#", "(a+)+$", "[", "date", "\ud7ff", "{{ x }}", ""]),
)
JSON = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*WORDS, "a", "~/"]), inner, max_size=3)
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from([*WORDS, "a"]), JSON, max_size=4)


def body(**more: Any) -> dict[str, Any]:
    content = {"in_app": {"default": {"title": "{{ a }}"}}}
    return {"path": "a.b", "name": "x", "category": "orders", "content": content, "publish": False, **more}


@given(schema=OBJECTS, sample=OBJECTS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_schema_and_sample_is_answered(as_service: Api, schema: dict[str, Any], sample: dict[str, Any]) -> None:
    answer = as_service.post("templates/validate", body(schema=schema, sample=sample))
    assert answer.status_code in (200, 422), answer.content


@pytest.mark.parametrize("raw", [b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b'{"a": 1e400}', b'{"a": "\\u0000"}'])
def test_what_cannot_be_stored_is_refused(as_service: Api, raw: bytes) -> None:
    import msgspec

    for place in (b"schema", b"sample"):
        whole = msgspec.json.encode(body())[:-1] + b', "' + place + b'": ' + raw + b"}"
        answer = as_service._client.post(
            "/api/v1/templates", data=whole, content_type="application/json", headers=as_service._headers
        )
        assert answer.status_code in (400, 422), answer.content


@pytest.mark.parametrize("path", ["versions/99999999999999999999", "diff?from=1&to=99999999999", "versions/0"])
def test_numbers_beyond_reason_are_not_found(as_service: Api, path: str) -> None:
    made = as_service.post("templates", body()).json()
    assert as_service.get(f"templates/{made['id']}/{path}").status_code in (404, 422)
