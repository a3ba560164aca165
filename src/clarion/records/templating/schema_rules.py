"""What a template's schema may be made of: the keywords, references within itself, and how much it may unfold to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.contract.input_error import InputError
from clarion.records.templating.schema_formats import NAMES as FORMATS

MOST_WEIGHT = 2_000
"""Subschemas and allowed values, with every reference unfolded."""
MOST_PATTERN = 200
DEFS = "#/$defs/"
_NOTES = {"$comment", "$schema", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"}
_PLAIN = {
    "type", "enum", "const", "required", "minProperties", "maxProperties", "dependentRequired", "minItems", "maxItems",
    "uniqueItems", "minContains", "maxContains", "minLength", "maxLength", "pattern", "format", "minimum", "maximum",
    "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "$ref",
}  # fmt: skip
_ONE = {"items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else"}
_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
KEYWORDS = _NOTES | _PLAIN | _ONE | _LISTS | {"properties", "$defs"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A regular expression, and where it stands."""

    text: str
    pointer: str


def check_rules(schema: Mapping[str, Any], pointer: str) -> list[Pattern]:
    """The patterns of a schema that JSON Schema's own rules hold for; raises InputError `invalid_schema`."""
    if schema.get("type", "object") != "object":
        raise _refuse('the variables are an object: write "type": "object"', f"{pointer}/type")
    patterns: list[Pattern] = []
    defs = schema.get("$defs", {})
    walk = _Walk(defs, patterns)
    walk.weigh(schema, pointer, ())
    for name in defs:
        walk.define(name, ())
    return patterns


def depth_of(value: object, most: int) -> int:
    """The levels of a JSON value; stops counting past `most`, so that no depth is too deep for it."""
    level, depth = [value], 0
    while level and depth <= most:
        depth += 1
        level = [inner for each in level for inner in _inner(each)]
    return depth


def _inner(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


class _Walk:
    """Weighs a schema, every definition once."""

    def __init__(self, defs: Mapping[str, Any], patterns: list[Pattern]) -> None:
        self._defs = defs
        self._patterns = patterns
        self._known: dict[str, int] = {}

    def weigh(self, schema: Any, pointer: str, within: tuple[str, ...]) -> int:
        if not isinstance(schema, dict):
            return 1
        self._check_words(schema, pointer, within)
        weight = 1 + len(schema.get("enum", ()))
        for where, inner in self._subschemas(schema):
            weight += self.weigh(inner, f"{pointer}/{where}", within)
        if "$ref" in schema:
            weight += self._target(schema["$ref"], f"{pointer}/$ref", within)
        if weight > MOST_WEIGHT:
            raise _refuse(f"the schema unfolds to more than {MOST_WEIGHT} parts", pointer)
        return weight

    def _check_words(self, schema: Mapping[str, Any], pointer: str, within: tuple[str, ...]) -> None:
        for word in schema:
            if word not in KEYWORDS or (word == "$defs" and schema["$defs"] is not self._defs):
                raise _refuse(
                    "this keyword is not supported here; see docs/reference/templates.md", f"{pointer}/{word}"
                )
        if schema.get("format", "date") not in FORMATS:
            raise _refuse(f"the formats are {', '.join(sorted(FORMATS))}", f"{pointer}/format")
        pattern = schema.get("pattern")
        if pattern is not None:
            if len(pattern) > MOST_PATTERN:
                raise _refuse(f"a pattern may have {MOST_PATTERN} characters at most", f"{pointer}/pattern")
            self._patterns.append(Pattern(text=pattern, pointer=f"{pointer}/pattern"))

    def _subschemas(self, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for word in _ONE & schema.keys():
            yield word, schema[word]
        for word in _LISTS & schema.keys():
            yield from ((f"{word}/{at}", inner) for at, inner in enumerate(schema[word]))
        yield from ((f"properties/{name}", inner) for name, inner in schema.get("properties", {}).items())

    def _target(self, reference: str, pointer: str, within: tuple[str, ...]) -> int:
        name = reference.removeprefix(DEFS)
        if not reference.startswith(DEFS) or name not in self._defs:
            raise _refuse(f"a $ref leads to {DEFS}NAME of this schema and nowhere else", pointer)
        if name in within:
            raise _refuse("a $ref may not lead back to itself", pointer)
        return self.define(name, within)

    def define(self, name: str, within: tuple[str, ...]) -> int:
        """The weight of a definition."""
        if name not in self._known:
            self._known[name] = self.weigh(self._defs[name], f"/schema/$defs/{name}", (*within, name))
        return self._known[name]


def _refuse(message: str, pointer: str) -> InputError:
    return InputError("invalid_schema", message, pointer=pointer[:300])
