"""Arithmetic, joining and comparing inside a template, each within limits. Called by the compiled code."""

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from jinja2.runtime import Undefined
from markupsafe import Markup

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import (
    MAX_INT,
    MAX_ITEMS,
    MAX_STRING,
    MAX_WEIGHT,
    Budget,
)

_FUNCTIONS: Mapping[str, Callable[[object, object], object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_NUMBERS = (int, float, Decimal)
T = TypeVar("T")


def too_large(what: str) -> TemplateError:
    """The error for a value beyond its cap."""
    return TemplateError(TemplateErrorCode.BUDGET, f"{what} grows beyond the limit")


def calculate(budget: Budget, sign: str, left: object, right: object) -> object:
    """`left sign right` for numbers, dates, text + text and list + list; everything else is refused."""
    budget.step()
    if isinstance(left, Undefined) or isinstance(right, Undefined):
        return _FUNCTIONS[sign](left, right)
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        return _number(sign, left, right)
    if sign == "+" and isinstance(left, str) and isinstance(right, str):
        return joined(
            budget,
            (left, right),
            markup=isinstance(left, Markup) or isinstance(right, Markup),
        )
    if sign == "*" and isinstance(left, str | list) and isinstance(right, int):
        return _repeat(budget, left, right)
    if sign == "+" and isinstance(left, list) and isinstance(right, list):
        return packed(budget, [*left, *right])
    if sign in "+-" and isinstance(left, date | timedelta) and isinstance(right, date | timedelta):
        return _FUNCTIONS[sign](left, right)
    kinds = f"{type(left).__name__} {sign} {type(right).__name__}"
    raise TemplateError(
        TemplateErrorCode.VALUE,
        f"cannot compute {kinds}: check the types of the variables",
    )


def _number(sign: str, left: float | Decimal, right: float | Decimal) -> object:
    if sign == "**" and not -100 <= right <= 100:
        raise too_large("the power")
    if isinstance(left, Decimal) != isinstance(right, Decimal):
        left, right = _decimal(left), _decimal(right)
    result = _FUNCTIONS[sign](left, right)
    if isinstance(result, int) and not -MAX_INT <= result <= MAX_INT:
        raise too_large("the number")
    if isinstance(result, Decimal) and result.is_finite() and not -60 <= result.adjusted() <= 30:
        raise too_large("the number")
    return result


def _decimal(value: float | Decimal) -> Decimal:
    # Money is Decimal, counts and rates are int and float; Python refuses to mix the last with the first.
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def _repeat(budget: Budget, value: str | list[object], times: int) -> object:
    if isinstance(value, str):
        if len(value) * times > MAX_STRING:
            raise too_large("the text")
        budget.work(len(value) * max(times, 0))
        return value * times
    if len(value) * times > MAX_ITEMS:
        raise too_large("the list")
    return packed(budget, value * times)


def joined(budget: Budget, values: Sequence[object], *, markup: bool) -> str:
    """The values as text, one after the other; in HTML they are escaped as soon as one of them is markup."""
    texts = [value if isinstance(value, str) else str(value) for value in values]
    size = sum(map(len, texts))
    if size > MAX_STRING:
        raise too_large("the text")
    budget.work(size)
    return Markup("").join(texts) if markup else "".join(texts)


def packed(budget: Budget, container: T) -> T:
    """The container, when it is not too heavy; counted deeply, so that nesting it in itself cannot double it."""
    left = MAX_WEIGHT
    stack: list[object] = [container]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            left -= len(value)
        elif isinstance(value, list | tuple):
            left -= len(value)
            if left > 0:
                stack.extend(value)
        elif isinstance(value, dict):
            left -= 2 * len(value)
            if left > 0:
                stack.extend(value.keys())
                stack.extend(value.values())
        if left < 0:
            raise too_large("the list or mapping")
    budget.work(MAX_WEIGHT - left)
    return container
