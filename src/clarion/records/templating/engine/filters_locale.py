"""Filters that speak the recipient's language: money, numbers, dates, ages and plurals, through Babel.

They read `locale`, `timezone` and `now` from the render context; unknown ones fall back to English, UTC and the clock.
"""

import re
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from decimal import Decimal
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.lists import format_list
from babel.numbers import NumberPattern, format_currency, format_decimal
from jinja2.runtime import Undefined
from markupsafe import Markup, escape

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.filters_lists import items_of
from clarion.records.templating.engine.limits import MAX_SHORT_ARGUMENT
from clarion.records.templating.engine.numerals import as_decimal
from clarion.records.templating.engine.rendering import RenderContext

MAX_PLACES = 10
MAX_SPOKEN = 100
"""Items that are joined by the rules of a language; Babel builds the text anew for each."""
ListStyle = Literal["standard", "or", "unit"]
_LIST_STYLES: Mapping[str, ListStyle] = {"and": "standard", "or": "or", "unit": "unit"}
# CLDR wants a blank where letters would touch digits (TZS 1,200); Babel leaves it out.
_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale.parse("en")


@lru_cache(maxsize=1024)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def locale_of(context: RenderContext) -> Locale:
    """The recipient's locale."""
    name = context.resolve("locale")
    return _locale(name if isinstance(name, str) and len(name) <= 40 else "en")


def zone_of(context: RenderContext) -> tzinfo:
    """The recipient's time zone."""
    name = context.resolve("timezone")
    return _zone(name if isinstance(name, str) and len(name) <= 60 else "UTC")


def _words_locale(context: RenderContext) -> Locale:
    """The locale that the content is written in; the recipient's, where that is of the same language."""
    reader = locale_of(context)
    written = _locale(context.language) if context.language else reader
    return reader if written.language == reader.language else written


def _now(context: RenderContext) -> datetime:
    given = context.resolve("now")
    moment = given if isinstance(given, datetime) else datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(value: object) -> datetime | date:
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError as error:
            raise _no_date() from error
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return value
    raise _no_date()


def _no_date() -> TemplateError:
    return TemplateError(
        TemplateErrorCode.VALUE,
        "a date was expected: pass one, or text such as 2026-01-31T12:00:00Z",
    )


def _style(style: object) -> str:
    if isinstance(style, str) and len(style) <= MAX_SHORT_ARGUMENT:
        return style
    raise TemplateError(
        TemplateErrorCode.VALUE,
        "the format is short, medium, long, full or a short pattern",
    )


def currency(context: RenderContext, value: object, code: str = "USD") -> str:
    """`1234.5|currency('EUR')` → `€1,234.50` in English, `1.234,50 €` in German."""
    if isinstance(value, Undefined):
        return str(value)
    if not isinstance(code, str) or len(code) != 3 or not code.isascii() or not code.isalpha():
        raise TemplateError(TemplateErrorCode.VALUE, "currency takes a three-letter code such as EUR")
    return _money(as_decimal(value), code.upper(), locale_of(context))


@lru_cache(maxsize=20_000)
def _money(amount: Decimal, code: str, locale: Locale) -> str:
    """Babel takes 50 µs each time; prices repeat within a message and a batch, and nothing else decides the result."""
    return _TOUCHING.sub("\xa0", format_currency(amount, code, locale=locale))


def number(context: RenderContext, value: object, places: object = None) -> str:
    """`1234567.891|number` → `1,234,567.891`; with `places`, exactly so many decimal places."""
    if isinstance(value, Undefined):
        return str(value)
    amount, locale = as_decimal(value), locale_of(context)
    if places is None:
        return format_decimal(amount, locale=locale)
    return _with_places(locale.decimal_formats[None], _digits(places), amount, locale)


def percent(context: RenderContext, value: object, places: object = 0) -> str:
    """`0.25|percent` → `25%`."""
    if isinstance(value, Undefined):
        return str(value)
    locale = locale_of(context)
    return _with_places(locale.percent_formats[None], _digits(places), as_decimal(value), locale)


def _digits(places: object) -> int:
    if isinstance(places, int | float) and 0 <= places <= MAX_PLACES:
        return int(places)
    raise TemplateError(TemplateErrorCode.VALUE, f"the number of decimal places is 0 to {MAX_PLACES}")


def _with_places(pattern: NumberPattern, digits: int, amount: Decimal, locale: Locale) -> str:
    """By the language's own pattern (its grouping, its blank before the sign), with so many decimal places."""
    fixed = copy(pattern)
    fixed.frac_prec = (digits, digits)
    return str(fixed.apply(amount, locale))


def as_date(context: RenderContext, value: object, style: str = "medium") -> str:
    if isinstance(value, Undefined):
        return str(value)
    moment = _moment(value)
    local = moment.astimezone(zone_of(context)).date() if isinstance(moment, datetime) else moment
    return format_date(local, format=_style(style), locale=locale_of(context))


def as_time(context: RenderContext, value: object, style: str = "short") -> str:
    if isinstance(value, Undefined):
        return str(value)
    if isinstance(value, clock_time):
        return format_time(value, format=_style(style), locale=locale_of(context))
    moment = _moment(value)
    if not isinstance(moment, datetime):
        raise _no_date()
    return format_time(moment, format=_style(style), tzinfo=zone_of(context), locale=locale_of(context))


def as_datetime(context: RenderContext, value: object, style: str = "medium") -> str:
    if isinstance(value, Undefined):
        return str(value)
    moment = _moment(value)
    if not isinstance(moment, datetime):
        return as_date(context, moment, style)
    return format_datetime(moment, format=_style(style), tzinfo=zone_of(context), locale=locale_of(context))


def time_ago(context: RenderContext, value: object) -> str:
    """`3 hours ago`, `in 2 days`, in the recipient's language, measured from the context's `now`."""
    if isinstance(value, Undefined):
        return str(value)
    moment = _moment(value)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, clock_time(), zone_of(context))
    age: timedelta = moment - _now(context)
    if timedelta() <= age < timedelta(seconds=1):
        age = timedelta(microseconds=-1)  # just now is past: "1 second ago", not "in 0 seconds"
    return format_timedelta(age, add_direction=True, locale=locale_of(context))


def plural(context: RenderContext, value: object, **forms: object) -> str:
    """`{{ n }} {{ n|plural(one='item', other='items') }}`, with the forms of the language of the words."""
    if isinstance(value, Undefined):
        return str(value)
    form = _words_locale(context).plural_form(abs(as_decimal(value)))
    chosen = forms.get(form, forms.get("other"))
    if not isinstance(chosen, str):
        raise TemplateError(TemplateErrorCode.VALUE, "plural needs at least other='…'")
    return chosen


class SpokenList(list[object]):
    """A list whose text is that of the language: `Ann, Ben, and Cleo`. Everything else is a list's."""

    __slots__ = ("_locale", "_style")

    def __init__(self, items: Iterable[object], locale: Locale, style: ListStyle) -> None:
        super().__init__(items)
        self._locale = locale
        self._style = style

    def __str__(self) -> str:
        return self._spoken([str(item) for item in self])

    def __html__(self) -> str:
        return Markup(self._spoken([str(escape(item)) for item in self]))  # noqa: S704 - every item is escaped

    def _spoken(self, texts: list[str]) -> str:
        if len(texts) > MAX_SPOKEN:
            return ", ".join(texts)
        return format_list(texts, style=self._style, locale=self._locale)


def as_list(context: RenderContext, value: object, word: str = "and") -> list[object]:
    """A list that is written as the language does: `a, b, and c`; with `or` in place of `and` by `list('or')`."""
    if word not in _LIST_STYLES:
        raise TemplateError(TemplateErrorCode.VALUE, f"list takes {', '.join(_LIST_STYLES)}")
    return SpokenList(items_of(context, value), _words_locale(context), _LIST_STYLES[word])


LOCALE_FILTERS: Mapping[str, object] = {
    "currency": currency, "number": number, "percent": percent, "date": as_date, "time": as_time,
    "datetime": as_datetime, "time_ago": time_ago, "plural": plural, "list": as_list,
}  # fmt: skip
