"""The variables of a template as JSON Schema: which schemas are sound, what they say, and what they cost."""

import time
from typing import Any

import pytest

from clarion.contract.input_error import InputError
from clarion.records.templating.schema import Checker, check_schema, declared

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["order"],
    "properties": {
        "order": {
            "type": "object",
            "required": ["id", "items"],
            "properties": {
                "id": {"type": "string", "pattern": "^ORD-[0-9]+$"},
                "items": {"type": "array", "maxItems": 3, "items": {"$ref": "#/$defs/item"}},
                "placed_at": {"type": "string", "format": "date-time"},
            },
            "additionalProperties": False,
        },
        "coupon": {"type": "string", "maxLength": 8},
    },
    "$defs": {"item": {"type": "object", "required": ["price"], "properties": {"price": {"type": "number"}}}},
}


def faults(schema: dict[str, Any], context: dict[str, Any]) -> list[tuple[str, str]]:
    check_schema(schema)
    return [(fault.pointer, fault.message) for fault in Checker(schema).faults(context)]


def test_a_context_that_fits_has_no_faults() -> None:
    context = {"order": {"id": "ORD-7", "items": [{"price": 1.5}], "placed_at": "2026-11-20T10:00:00Z"}, "more": 1}
    assert faults(ORDER, context) == []


@pytest.mark.parametrize(
    ("context", "pointer", "message"),
    [
        ({}, "/order", "is required"),
        ({"order": 7}, "/order", "must be of type object"),
        ({"order": {"items": []}}, "/order/id", "is required"),
        ({"order": {"id": "7", "items": []}}, "/order/id", "has not the form wanted"),
        ({"order": {"id": "ORD-7", "items": [{}]}}, "/order/items/0/price", "is required"),
        ({"order": {"id": "ORD-7", "items": [{"price": "much"}]}}, "/order/items/0/price", "must be of type number"),
        ({"order": {"id": "ORD-7", "items": [{"price": 1}] * 4}}, "/order/items", "has too many items: 3 at most"),
        ({"order": {"id": "ORD-7", "items": [], "x/y": 1}}, "/order/x~1y", "is not declared in the template's schema"),
        ({"order": {"id": "ORD-7", "items": [], "placed_at": "today"}}, "/order/placed_at", "is no date-time"),
        ({"order": {"id": "ORD-7", "items": []}, "coupon": "x" * 9}, "/coupon", "is too long: 8 characters at most"),
    ],
)
def test_each_fault_has_its_place_and_repeats_no_value(context: dict[str, Any], pointer: str, message: str) -> None:
    assert faults(ORDER, context) == [(pointer, message)]


def test_ten_faults_are_enough() -> None:
    schema = {"properties": {"list": {"type": "array", "items": {"type": "integer"}}}}
    assert len(faults(schema, {"list": ["x"] * 5000})) == 10


def test_what_is_declared_is_told_dotted() -> None:
    required, optional = declared(ORDER)
    assert (required, optional) == (("order.id", "order.items"), ("coupon", "order.placed_at"))
    assert declared({}) == ((), ())


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"not": found}
    return found


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({"type": "array"}, "/schema/type"),
        ({"type": "nonsense"}, "/schema/type"),
        ({"properties": {"a": {"type": "objekt"}}}, "/schema/properties/a/type"),
        ({"properties": []}, "/schema/properties"),
        ({"$ref": "https://example.com/evil.json"}, "/schema/$ref"),
        ({"$ref": "file:///etc/passwd"}, "/schema/$ref"),
        ({"$ref": "#"}, "/schema/$ref"),
        ({"$ref": "#/$defs/none"}, "/schema/$ref"),
        ({"$id": "https://example.com/x"}, "/schema/$id"),
        ({"$dynamicRef": "#x"}, "/schema/$dynamicRef"),
        ({"patternProperties": {"(a+)+$": {}}}, "/schema/patternProperties"),
        ({"properties": {"a": {"pattern": "(?=x)"}}}, "/schema/properties/a/pattern"),
        ({"properties": {"a": {"pattern": r"(x)\1"}}}, "/schema/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "a" * 201}}}, "/schema/properties/a/pattern"),
        ({"properties": {"a": {"pattern": "((a{100}){100}){100}"}}}, "/schema/properties/a/pattern"),
        ({"properties": {"a": {"format": "regex"}}}, "/schema/properties/a/format"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}}, "/schema/$defs/a/$ref"),
        ({"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"items": {"$ref": "#/$defs/a"}}}}, None),
        ({"$defs": {f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 2} for n in range(20)} | {"a20": {}}}, None),
        ({"enum": list(range(3000))}, "/schema"),
        ({"description": "x" * 33_000}, "/schema"),
        (nested(30), "/schema"),
        (nested(4_000), "/schema"),
    ],
)
def test_a_schema_that_is_none_or_costs_too_much_is_refused(schema: dict[str, Any], pointer: str | None) -> None:
    with pytest.raises(InputError) as refused:
        check_schema(schema)
    assert refused.value.code == "invalid_schema"
    if pointer is not None:
        assert refused.value.pointer == pointer


def test_a_pattern_that_would_never_end_elsewhere_takes_no_time_here() -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    began = time.perf_counter()
    assert faults(schema, {"a": "a" * 50_000 + "!"}) == [("/a", "has not the form wanted")]
    assert time.perf_counter() - began < 0.5


def test_a_check_counts_its_steps() -> None:
    schema = {"properties": {"list": {"items": {"allOf": [{"type": "integer", "minimum": -n} for n in range(200)]}}}}
    began = time.perf_counter()
    found = faults(schema, {"list": list(range(10_000))})
    assert found == [("", "holds more values than its schema can be checked for")]
    assert time.perf_counter() - began < 2


def test_unique_items_are_told_without_comparing_each_with_each() -> None:
    schema = {"properties": {"list": {"uniqueItems": True}}}
    assert faults(schema, {"list": [{"a": n, "b": 1} for n in range(9_000)]}) == []
    assert faults(schema, {"list": [{"a": 1, "b": 2}, {"b": 2, "a": 1}]}) == [("/list", "holds something twice")]
