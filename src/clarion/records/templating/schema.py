"""The variables of a template as JSON Schema (draft 2020-12): is the schema sound, and does a context satisfy it?

A schema is written by whoever may write templates and meets every send, so it may cost only so much: the keywords are
listed, `$ref` leads to the schema's own `$defs` and never round in a circle, patterns run in time linear to the text
(Rust's regex, which has neither look-around nor back references), and each check counts its steps.
"""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import msgspec
from jsonschema import Draft202012Validator, SchemaError, ValidationError, validators
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema

from clarion.contract.input_error import InputError
from clarion.records.templating.schema_formats import FORMATS
from clarion.records.templating.schema_rules import check_rules, depth_of

MOST_BYTES = 32_768
MOST_DEPTH = 24
MOST_STEPS = 100_000
MOST_FAULTS = 10
POINTER = "/schema"


class _TooMuch(Exception):
    """The check takes more than MOST_STEPS steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaFault:
    """What a context lacks or has wrong. `pointer` leads into the context; the message repeats no value."""

    pointer: str
    message: str


class Checker:
    """A compiled schema."""

    __slots__ = ("_validator",)

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = _Validator(schema, format_checker=FORMATS)

    def faults(self, context: Mapping[str, object]) -> list[SchemaFault]:
        """The first ten faults; none: the context satisfies the schema."""
        token = _left.set([MOST_STEPS])
        try:
            return [_fault(error) for error in islice(self._validator.iter_errors(context), MOST_FAULTS)]
        except _TooMuch:
            return [SchemaFault(pointer="", message="holds more values than its schema can be checked for")]
        finally:
            _left.reset(token)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise InputError `invalid_schema` for a schema that is none, or costs too much."""
    if depth_of(schema, MOST_DEPTH) > MOST_DEPTH:
        raise _unsound(f"the schema may have {MOST_DEPTH} levels at most")
    if len(msgspec.json.encode(schema)) > MOST_BYTES:
        raise _unsound(f"the schema may have {MOST_BYTES} bytes at most")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        where = "".join(f"/{step}" for step in error.absolute_path)
        raise InputError("invalid_schema", "this is not JSON Schema 2020-12", pointer=POINTER + where) from error
    for pattern in check_rules(schema, POINTER):
        try:
            _matcher(pattern.text)
        except PatternError as error:
            message = "the pattern is no regular expression without look-around and back references, or too large"
            raise InputError("invalid_schema", message, pointer=pattern.pointer) from error


def declared(schema: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The variables of a schema, required and optional ones, dotted: what is an object by its members."""
    required: list[str] = []
    optional: list[str] = []
    _collect(schema, "", True, required, optional)
    return tuple(required), tuple(optional)


def _collect(schema: Mapping[str, Any], prefix: str, needed: bool, required: list[str], optional: list[str]) -> None:
    names = schema.get("properties", {})
    must = set(schema.get("required", ())) if needed else set()
    for name in sorted({*names, *schema.get("required", ())}):
        inner = names.get(name, {})
        path = f"{prefix}{name}"
        if isinstance(inner, dict) and inner.get("properties"):
            _collect(inner, f"{path}.", name in must, required, optional)
        else:
            (required if name in must else optional).append(path)


def _unsound(message: str, where: str = "") -> InputError:
    return InputError("invalid_schema", message, pointer=POINTER + where)


@lru_cache(maxsize=500)
def _matcher(pattern: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))


_left: ContextVar[list[int]] = ContextVar("schema_steps_left")


def _spend(steps: int) -> None:
    left = _left.get()
    left[0] -= steps
    if left[0] < 0:
        raise _TooMuch


def _counted(keyword: Any) -> Any:
    def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        _spend(len(value) if isinstance(value, list | dict) and value else 1)
        yield from keyword(validator, value, instance, schema) or ()

    return check


def _pattern(validator: Any, value: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matcher(value).isinstance_python(instance):
        yield ValidationError("")


def _required(validator: Any, value: list[str], instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        yield from (ValidationError("", path=[name]) for name in value if name not in instance)


def _additional(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for name in instance.keys() - schema.get("properties", {}).keys():
        if value is False:
            yield ValidationError("", path=[name])
        else:
            yield from validator.descend(instance[name], value, path=name)


def _unique(validator: Any, value: bool, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """By the canonical form of each: jsonschema compares every item with every other."""
    if value and isinstance(instance, list):
        forms = {msgspec.json.encode(item, order="deterministic") for item in instance}
        _spend(len(instance))
        if len(forms) < len(instance):
            yield ValidationError("")


_OWN = {
    "pattern": _pattern,
    "required": _required,
    "additionalProperties": _additional,
    "uniqueItems": _unique,
}
_Validator: Any = validators.extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    {name: _counted(_OWN.get(name, keyword)) for name, keyword in Draft202012Validator.VALIDATORS.items()},
)

_MESSAGES = {
    "required": "is required",
    "additionalProperties": "is not declared in the template's schema",
    "enum": "is none of the values allowed",
    "const": "is not the value allowed",
    "pattern": "has not the form wanted",
    "uniqueItems": "holds something twice",
    "minLength": "is too short: {} characters at least",
    "maxLength": "is too long: {} characters at most",
    "minItems": "has too few items: {} at least",
    "maxItems": "has too many items: {} at most",
    "minProperties": "has too few members: {} at least",
    "maxProperties": "has too many members: {} at most",
    "minimum": "is too small: {} at least",
    "maximum": "is too large: {} at most",
    "exclusiveMinimum": "is too small: more than {}",
    "exclusiveMaximum": "is too large: less than {}",
    "multipleOf": "is no multiple of {}",
    "format": "is no {}",
}


def _fault(error: ValidationError) -> SchemaFault:
    keyword, wanted = str(error.validator), error.validator_value
    if keyword == "type":
        message = f"must be of type {' or '.join(wanted) if isinstance(wanted, list) else wanted}"
    else:
        message = _MESSAGES.get(keyword, "does not fit the template's schema").format(wanted)
    return SchemaFault(pointer="".join(_step(step) for step in error.absolute_path), message=message)


def _step(step: str | int) -> str:
    return "/" + str(step)[:64].replace("~", "~0").replace("/", "~1")
