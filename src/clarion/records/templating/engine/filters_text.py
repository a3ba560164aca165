"""Filters over text and single values. Each takes the render context first; `counted` adds the budget."""

import json
import re
from collections.abc import Mapping
from datetime import date, timedelta
from datetime import time as clock_time
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from jinja2 import filters
from jinja2.runtime import Undefined
from markupsafe import Markup, escape

from clarion.channels.markup import without_tags
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_STRING
from clarion.records.templating.engine.numerals import as_decimal, bounded_int
from clarion.records.templating.engine.operators import too_large
from clarion.records.templating.engine.rendering import RenderContext

# Chinese and Japanese put no blanks between words: there each character counts as one.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORDS = re.compile(f"[{_UNSPACED}]|[^\\s{_UNSPACED}]+")
_ROUNDING = {"common": ROUND_HALF_EVEN, "ceil": ROUND_CEILING, "floor": ROUND_FLOOR}


def text_of(value: object) -> str:
    """The value as text, markup staying markup."""
    return value if isinstance(value, str) else str(value)


def upper(context: RenderContext, value: object) -> str:
    return text_of(value).upper()


def lower(context: RenderContext, value: object) -> str:
    return text_of(value).lower()


def capitalize(context: RenderContext, value: object) -> str:
    return text_of(value).capitalize()


def title(context: RenderContext, value: object) -> str:
    return filters.do_title(text_of(value))


def trim(context: RenderContext, value: object, chars: str | None = None) -> str:
    return text_of(value).strip(chars)


def string(context: RenderContext, value: object) -> str:
    return text_of(value)


def escaped(context: RenderContext, value: object) -> str:
    return escape(value)


def replace(context: RenderContext, value: object, old: str, new: str, count: int = -1) -> str:
    """`old` by `new`; the size is known before anything is built."""
    text, old, new = text_of(value), text_of(old), text_of(new)
    if not old:
        raise TemplateError(TemplateErrorCode.VALUE, "replace needs the text to look for")
    if len(text) + text.count(old) * max(len(new) - len(old), 0) > MAX_STRING:
        raise too_large("the text")
    if context.eval_ctx.autoescape and not isinstance(text, Markup) and isinstance(new, Markup):
        text = escape(text)
    return text.replace(old, new, count)


def truncate(
    context: RenderContext,
    value: object,
    length: int = 255,
    killwords: bool = False,
    end: str = "…",
) -> str:
    """At most `length` characters, cut at a word unless `killwords`."""
    text = text_of(value)
    size = max(int(length), 0)
    if len(text) <= size:
        return text
    cut = text[: max(size - len(end), 0)]
    if not killwords:
        cut = cut.rsplit(" ", 1)[0]
    return cut + end


def truncate_words(context: RenderContext, value: object, length: int = 50, end: str = "...") -> str:
    """The first `length` words, with `end` when there were more."""
    text = text_of(value)
    for at, word in enumerate(_WORDS.finditer(text)):
        if at == int(length):
            return text[: word.start()].rstrip() + end
    return text


def striptags(context: RenderContext, value: object) -> str:
    return without_tags(str(text_of(value)))


def wordcount(context: RenderContext, value: object) -> int:
    return len(text_of(value).split())


def urlencode(context: RenderContext, value: object) -> str:
    if isinstance(value, Undefined):
        return str(value)
    return filters.do_urlencode(value)  # type: ignore[arg-type]


def tojson(context: RenderContext, value: object) -> str:
    """JSON as plain text; in HTML it is escaped like any other text."""
    return json.dumps(value, default=_json_value, ensure_ascii=False)


def _json_value(value: object) -> object:
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, date | clock_time):
        return value.isoformat()
    raise TemplateError(TemplateErrorCode.VALUE, "tojson takes plain data")


def default(context: RenderContext, value: object, fallback: object = "", boolean: bool = False) -> object:
    return fallback if isinstance(value, Undefined) or value is None or (boolean and not value) else value


def to_int(context: RenderContext, value: object, fallback: int = 0) -> int:
    try:
        return bounded_int(int(as_decimal(value)))
    except (TemplateError, ArithmeticError, ValueError):
        return fallback


def to_float(context: RenderContext, value: object, fallback: float = 0.0) -> float:
    try:
        return float(as_decimal(value))
    except (TemplateError, ArithmeticError, ValueError):
        return fallback


def absolute(context: RenderContext, value: object) -> object:
    if isinstance(value, int | float | Decimal):
        return abs(value)
    return abs(as_decimal(value))


def rounded(context: RenderContext, value: object, precision: int = 0, method: str = "common") -> object:
    """Rounded to `precision` places: common, ceil or floor. A Decimal stays one, everything else becomes a float."""
    if method not in _ROUNDING or not -20 <= int(precision) <= 20:
        raise TemplateError(
            TemplateErrorCode.VALUE,
            "round takes -20 to 20 places and common, ceil or floor",
        )
    result = as_decimal(value).quantize(Decimal(1).scaleb(-int(precision)), rounding=_ROUNDING[method])
    return result if isinstance(value, Decimal) else float(result)


def filesizeformat(context: RenderContext, value: object, binary: bool = False) -> str:
    return filters.do_filesizeformat(float(as_decimal(value)), binary)


def length(context: RenderContext, value: object) -> int:
    if value is None:
        return 0
    return len(value)  # type: ignore[arg-type]


TEXT_FILTERS: Mapping[str, object] = {
    "upper": upper, "lower": lower, "capitalize": capitalize, "title": title, "trim": trim, "string": string,
    "e": escaped, "escape": escaped, "replace": replace, "truncate": truncate, "truncate_words": truncate_words,
    "striptags": striptags, "wordcount": wordcount, "urlencode": urlencode, "tojson": tojson, "default": default,
    "d": default, "int": to_int, "float": to_float, "abs": absolute, "round": rounded,
    "filesizeformat": filesizeformat, "length": length, "count": length,
}  # fmt: skip
