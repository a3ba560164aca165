"""Filters that speak the recipient's language: money, numbers, dates, ages and plurals, through Babel.

They read `locale`, `timezone` and `now` from the render context; unknown ones fall back to English, UTC and the clock.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent
from jinja2.runtime import Undefined

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_SHORT_ARGUMENT
from clarion.records.templating.engine.numerals import as_decimal
from clarion.records.templating.engine.rendering import RenderContext

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


def number(context: RenderContext, value: object, places: int | None = None) -> str:
    if isinstance(value, Undefined):
        return str(value)
    amount = as_decimal(value)
    if places is None:
        return format_decimal(amount, locale=locale_of(context))
    digits = min(max(int(places), 0), 10)
    return format_decimal(
        amount,
        format="#,##0" + ("." + "0" * digits if digits else ""),
        locale=locale_of(context),
    )


def percent(context: RenderContext, value: object, places: int = 0) -> str:
    """`0.25|percent` → `25%`."""
    if isinstance(value, Undefined):
        return str(value)
    digits = min(max(int(places), 0), 10)
    pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%" if digits else None
    return format_percent(as_decimal(value), format=pattern, locale=locale_of(context))


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
    return format_timedelta(age, add_direction=True, locale=locale_of(context))


def plural(context: RenderContext, value: object, **forms: object) -> str:
    """`{{ n }} {{ n|plural(one='item', other='items') }}`, with the forms of the recipient's language."""
    if isinstance(value, Undefined):
        return str(value)
    form = locale_of(context).plural_form(abs(as_decimal(value)))
    chosen = forms.get(form, forms.get("other"))
    if not isinstance(chosen, str):
        raise TemplateError(TemplateErrorCode.VALUE, "plural needs at least other='…'")
    return chosen


LOCALE_FILTERS: Mapping[str, object] = {
    "currency": currency, "number": number, "percent": percent, "date": as_date, "time": as_time,
    "datetime": as_datetime, "time_ago": time_ago, "plural": plural,
}  # fmt: skip
