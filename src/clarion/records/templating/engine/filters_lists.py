"""Filters over lists. Each reads a list once, within the budget, and gives back a list: nothing here is lazy."""

from collections.abc import Mapping

from jinja2 import filters
from jinja2.runtime import Undefined
from markupsafe import Markup

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_ITEMS, MAX_SHORT_ARGUMENT
from clarion.records.templating.engine.numerals import as_decimal
from clarion.records.templating.engine.operators import joined, packed
from clarion.records.templating.engine.rendering import RenderContext

MAPPABLE = frozenset(
    {
        "upper", "lower", "capitalize", "title", "trim", "string", "int", "float", "abs", "length", "truncate",
        "truncate_words", "currency", "number", "percent", "date", "time", "datetime", "time_ago", "urlencode",
    }
)  # fmt: skip


def items_of(context: RenderContext, value: object) -> list[object]:
    """The items of a list, mapping (its keys), range or text, counted; none for undefined and null."""
    if isinstance(value, Undefined):
        return list(value)
    if value is None:
        return []
    if not isinstance(value, list | tuple | dict | range | str):
        raise TemplateError(TemplateErrorCode.VALUE, f"{type(value).__name__} is not a list")
    if len(value) > MAX_ITEMS:
        raise TemplateError(TemplateErrorCode.BUDGET, f"the list has more than {MAX_ITEMS} items")
    context.budget.steps(len(value) // 10)
    return list(value)


def _attribute(attribute: object) -> str | int | None:
    if attribute is None or isinstance(attribute, int):
        return attribute
    if isinstance(attribute, str) and len(attribute) <= MAX_SHORT_ARGUMENT:
        return attribute
    raise TemplateError(
        TemplateErrorCode.VALUE,
        f"attribute is a name of at most {MAX_SHORT_ARGUMENT} characters",
    )


def join(context: RenderContext, value: object, separator: str = "", attribute: object = None) -> str:
    """The items as one text, with `separator` between them."""
    items = items_of(context, value)
    if attribute is not None:
        items = map_items(context, items, attribute=attribute)
    separated = [part for item in items for part in (separator, item)][1:]
    markup = context.eval_ctx.autoescape and any(isinstance(part, Markup) for part in separated)
    return joined(context.budget, separated, markup=markup)


def total(context: RenderContext, value: object, attribute: object = None, start: object = 0) -> object:
    """The sum of numbers, exact when one of them is a Decimal or text."""
    items = items_of(context, value)
    if attribute is not None:
        items = map_items(context, items, attribute=attribute)
    if all(isinstance(item, int) for item in [*items, start]):
        return sum(items, start)  # type: ignore[call-overload]
    summed = sum((as_decimal(item) for item in items), as_decimal(start))
    return float(summed) if any(isinstance(item, float) for item in items) else summed


def map_items(
    context: RenderContext,
    value: object,
    name: str = "",
    *args: object,
    **kwargs: object,
) -> list[object]:
    """`map(attribute='price', default=…)` or `map('upper')` with a filter of single values."""
    items = items_of(context, value)
    if "attribute" in kwargs:
        getter = filters.make_attrgetter(
            context.environment,
            _attribute(kwargs["attribute"]),
            default=kwargs.get("default"),
        )
        # a default, or what a loop has before it, is one text for many items: together they can be gigabytes
        return packed(context.budget, [getter(item) for item in items])
    if name not in MAPPABLE:
        raise TemplateError(
            TemplateErrorCode.FORBIDDEN,
            f"map works with attribute=… or {', '.join(sorted(MAPPABLE))}",
        )
    return [context.environment.call_filter(name, item, args, kwargs, context) for item in items]


def _select(
    context: RenderContext,
    value: object,
    attribute: object,
    args: tuple[object, ...],
    keep: bool,
) -> object:
    items = items_of(context, value)
    getter = filters.make_attrgetter(context.environment, _attribute(attribute)) if attribute is not None else None
    kept = []
    for at, item in enumerate(items):
        if at & 63 == 63:
            context.budget.check()
        tested = getter(item) if getter else item
        test = context.environment.call_test
        result = test(str(args[0]), tested, args[1:], None, context) if args else bool(tested)
        if result is keep:
            kept.append(item)
    return kept


def select(context: RenderContext, value: object, *args: object) -> object:
    return _select(context, value, None, args, True)


def reject(context: RenderContext, value: object, *args: object) -> object:
    return _select(context, value, None, args, False)


def selectattr(context: RenderContext, value: object, attribute: object, *args: object) -> object:
    return _select(context, value, attribute, args, True)


def rejectattr(context: RenderContext, value: object, attribute: object, *args: object) -> object:
    return _select(context, value, attribute, args, False)


def _weighed(context: RenderContext, value: object, attribute: object, default: object = None) -> list[object]:
    """The items, when what they are compared by is not too heavy: Jinja makes a text in small letters of each."""
    items = items_of(context, value)
    for name in str(_attribute(attribute)).split(",") if attribute is not None else ():
        map_items(context, items, attribute=name, default=default)
    return items


def sort(
    context: RenderContext,
    value: object,
    reverse: bool = False,
    case_sensitive: bool = False,
    attribute: object = None,
) -> object:
    return filters.do_sort(
        context.environment,
        _weighed(context, value, attribute),
        reverse,
        case_sensitive,
        _attribute(attribute),
    )


def dictsort(
    context: RenderContext,
    value: object,
    case_sensitive: bool = False,
    by: str = "key",
    reverse: bool = False,
) -> object:
    if not isinstance(value, dict):
        raise TemplateError(TemplateErrorCode.VALUE, "dictsort takes a mapping")
    items_of(context, value)
    return filters.do_dictsort(value, case_sensitive, "value" if by == "value" else "key", reverse)


def unique(
    context: RenderContext,
    value: object,
    case_sensitive: bool = False,
    attribute: object = None,
) -> object:
    found = filters.sync_do_unique(
        context.environment,
        _weighed(context, value, attribute),
        case_sensitive,
        _attribute(attribute),
    )
    return list(found)


def groupby(
    context: RenderContext,
    value: object,
    attribute: object,
    default: object = None,
    case_sensitive: bool = False,
) -> object:
    return filters.sync_do_groupby(
        context.environment,
        _weighed(context, value, attribute, default),
        _attribute(attribute) or "",
        default,
        case_sensitive,
    )


def smallest(
    context: RenderContext,
    value: object,
    case_sensitive: bool = False,
    attribute: object = None,
) -> object:
    return filters.do_min(
        context.environment,
        _weighed(context, value, attribute),
        case_sensitive,
        _attribute(attribute),
    )


def largest(
    context: RenderContext,
    value: object,
    case_sensitive: bool = False,
    attribute: object = None,
) -> object:
    return filters.do_max(
        context.environment,
        _weighed(context, value, attribute),
        case_sensitive,
        _attribute(attribute),
    )


def first(context: RenderContext, value: object) -> object:
    items = items_of(context, value)
    return items[0] if items else context.environment.undefined("the list is empty")


def last(context: RenderContext, value: object) -> object:
    items = items_of(context, value)
    return items[-1] if items else context.environment.undefined("the list is empty")


def reverse(context: RenderContext, value: object) -> object:
    return value[::-1] if isinstance(value, str) else items_of(context, value)[::-1]


def items(context: RenderContext, value: object) -> object:
    if isinstance(value, dict):
        return [(key, value[key]) for key in items_of(context, value)]
    return items_of(context, value)


LIST_FILTERS: Mapping[str, object] = {
    "join": join, "sum": total, "map": map_items, "select": select, "reject": reject,
    "selectattr": selectattr, "rejectattr": rejectattr, "sort": sort, "dictsort": dictsort, "unique": unique,
    "groupby": groupby, "min": smallest, "max": largest, "first": first, "last": last, "reverse": reverse,
    "items": items,
}  # fmt: skip
