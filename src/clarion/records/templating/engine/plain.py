"""What may enter a rendering: plain data, copied. Objects with behaviour stay outside."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_INT, MAX_ITEMS

MAX_CONTEXT_DEPTH = 20
MAX_CONTEXT_VALUES = 50_000
MAX_CONTEXT_CHARACTERS = 1_000_000


_SURROGATE = re.compile("[\ud800-\udfff]")
_MOMENTS = frozenset({datetime, date, clock_time, timedelta})


class PlainContext(dict[str, object]):
    """A context that has been through `plain_context`; rendering does not check it again."""

    __slots__ = ()


class _Copy:
    """One copying: counts what has been seen, so that shared sub-structures cannot multiply."""

    __slots__ = ("characters", "values")

    def __init__(self) -> None:
        self.values = MAX_CONTEXT_VALUES
        self.characters = MAX_CONTEXT_CHARACTERS

    def copy(self, value: object, depth: int) -> object:
        kind = type(value)
        if kind is str:
            return self.text(value)  # type: ignore[arg-type]
        if kind is bool or value is None or kind is float:
            return value
        if kind is int:
            return _bounded(value)  # type: ignore[arg-type]
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if isinstance(value, list | tuple):
            return self.sequence(value, depth)
        return self.scalar(value)

    def enter(self, size: int, depth: int) -> None:
        self.values -= size + 1
        if depth >= MAX_CONTEXT_DEPTH or self.values < 0:
            raise _refuse(
                f"the context is too deep or too large: at most {MAX_CONTEXT_DEPTH} levels, {MAX_CONTEXT_VALUES} values"
            )

    def mapping(self, value: Mapping[object, object], depth: int) -> dict[str, object]:
        self.enter(len(value), depth)
        copied: dict[str, object] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                raise _refuse("the keys of a mapping must be text")
            try:
                copied[self.text(key)] = self.copy(item, depth + 1)
            except TemplateError as error:
                raise _below(error, key) from None
        return copied

    def sequence(self, value: Sequence[object], depth: int) -> list[object]:
        if len(value) > MAX_ITEMS:
            raise _refuse(f"a list may have at most {MAX_ITEMS} items")
        self.enter(len(value), depth)
        copied: list[object] = []
        for item in value:
            try:
                copied.append(self.copy(item, depth + 1))
            except TemplateError as error:
                raise _below(error, f"[{len(copied)}]") from None
        return copied

    def text(self, value: str) -> str:
        self.characters -= len(value)
        if self.characters < 0:
            raise _refuse(f"the context holds more than {MAX_CONTEXT_CHARACTERS} characters")
        if "\x00" in value:
            raise _refuse("text may not contain NUL")
        if not value.isascii() and _SURROGATE.search(value):
            raise _refuse("text may not contain half a surrogate pair")
        return value if type(value) is str else str.__str__(value)

    def scalar(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Decimal):
            return _decimal(value)
        if isinstance(value, int):
            return _bounded(int(value))
        # Exact types: a subclass could bring code along.
        if type(value) in _MOMENTS:
            return value
        kind = type(value).__name__
        raise _refuse(f"{kind} is not plain data: use text, numbers, booleans, dates, lists and mappings")


def _bounded(value: int) -> int:
    if not -MAX_INT <= value <= MAX_INT:
        raise _refuse("the number is too large")
    return value


def _decimal(value: Decimal) -> Decimal:
    # A Decimal of three characters can print as a million digits.
    if value.is_finite() and (not -40 <= value.adjusted() <= 30 or len(value.as_tuple().digits) > 60):
        raise _refuse("the number is too large or too fine")
    return Decimal(value)


def _refuse(message: str) -> TemplateError:
    return TemplateError(TemplateErrorCode.VALUE, message)


def _below(error: TemplateError, name: str) -> TemplateError:
    """The error with one more step in front of its path."""
    rest = error.field if not error.field or error.field.startswith("[") else f".{error.field}"
    error.field = f"{name[:60]}{rest}"[:200]
    return error


def plain(value: object) -> object:
    """A deep copy made of dict, list, str, int, float, bool, None, Decimal, date, datetime, time and timedelta.

    Raises TemplateError (`template_value`, `field` is the path) for anything else, more than 20 levels, NUL, lone
    surrogates, and numbers or texts beyond reason. Subclasses of str and int (StrEnum, SafeString) become plain.
    """
    return _Copy().copy(value, 0)


def plain_context(context: Mapping[str, object]) -> PlainContext:
    """The checked copy that `CompiledContent.render` takes without checking again."""
    if type(context) is PlainContext:
        return context
    return PlainContext(_Copy().mapping(context, 0))  # type: ignore[arg-type]
