"""Which methods a template may call, by type. Nothing that multiplies memory, nothing that changes a value."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from jinja2.filters import _GroupTuple
from jinja2.runtime import LoopContext, Undefined

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import (
    LONG,
    MAX_ITEMS,
    MAX_SHORT_ARGUMENT,
    MAX_STRING,
    Budget,
)

_TEXT = frozenset(
    {
        "upper", "lower", "title", "capitalize", "swapcase", "casefold", "strip", "lstrip", "rstrip", "split", "rsplit",
        "splitlines", "startswith", "endswith", "removeprefix", "removesuffix", "find", "rfind", "count", "partition",
        "rpartition", "isdigit", "isnumeric", "isalpha", "isalnum", "isupper", "islower", "isspace",
    }
)  # fmt: skip
_MAPPING = frozenset({"items", "keys", "values", "get"})
_LIST = frozenset({"index", "count"})
_DATE = frozenset({"strftime", "isoformat", "weekday", "isoweekday"})
_DATETIME = _DATE | {"date", "time", "timestamp"}
_BY_TYPE: tuple[tuple[type | tuple[type, ...], frozenset[str]], ...] = (
    (str, _TEXT),
    (dict, _MAPPING),
    ((list, tuple), _LIST),
    (datetime, _DATETIME),
    (date, _DATE),
    (clock_time, frozenset({"strftime", "isoformat"})),
    (timedelta, frozenset({"total_seconds"})),
    (LoopContext, frozenset({"cycle", "changed"})),
)
METHODS: frozenset[str] = _TEXT | _MAPPING | _LIST | _DATETIME | {"total_seconds"}
"""Every name that is a method of some type; `loop.cycle` and `loop.changed` are checked apart."""

_PARTS = frozenset({"year", "month", "day", "hour", "minute", "second", "microsecond"})
_LOOP = frozenset(
    {
        "index",
        "index0",
        "revindex",
        "revindex0",
        "first",
        "last",
        "length",
        "depth",
        "depth0",
        "previtem",
        "nextitem",
    }
)
ATTRIBUTES: Mapping[type, frozenset[str]] = {
    datetime: _PARTS,
    date: frozenset({"year", "month", "day"}),
    clock_time: frozenset({"hour", "minute", "second", "microsecond"}),
    timedelta: frozenset({"days", "seconds", "microseconds"}),
    LoopContext: _LOOP,
    _GroupTuple: frozenset({"grouper", "list"}),
}
"""Attributes that may be read, by exact type; a mapping's attributes are its keys."""


def call_method(budget: Budget, owner: object, name: str, *arguments: object) -> object:
    """`owner.name(arguments)` when the type allows it."""
    budget.step()
    if isinstance(owner, Undefined):
        return str(owner)
    if isinstance(owner, str) and len(owner) > LONG:
        budget.check()
    for kind, names in _BY_TYPE:
        if isinstance(owner, kind):
            if name in names:
                return _result(budget, _call(owner, name, arguments))
            break
    raise TemplateError(
        TemplateErrorCode.FORBIDDEN,
        f"{type(owner).__name__} has no method {name!r} here",
    )


def _call(owner: object, name: str, arguments: tuple[object, ...]) -> object:
    if isinstance(owner, dict) and name != "get":
        views: Mapping[str, Callable[[], object]] = {
            "items": owner.items,
            "keys": owner.keys,
            "values": owner.values,
        }
        return list(views[name]())  # type: ignore[call-overload]
    if isinstance(owner, str) and len(owner) > MAX_STRING:
        # Splitting makes an object for each part before anything can be counted.
        raise TemplateError(TemplateErrorCode.BUDGET, f"methods work on texts of at most {MAX_STRING} characters")
    if name == "strftime" and len(str(arguments[0] if arguments else "")) > MAX_SHORT_ARGUMENT:
        raise TemplateError(
            TemplateErrorCode.VALUE,
            f"the date format is longer than {MAX_SHORT_ARGUMENT} characters",
        )
    return getattr(owner, name)(*arguments)


def _result(budget: Budget, value: object) -> object:
    if isinstance(value, str):
        budget.work(len(value))
    elif isinstance(value, list | tuple):
        if len(value) > MAX_ITEMS:
            raise TemplateError(TemplateErrorCode.BUDGET, f"the list has more than {MAX_ITEMS} items")
        budget.work(sum(len(item) for item in value if isinstance(item, str)) + len(value))
    return value
