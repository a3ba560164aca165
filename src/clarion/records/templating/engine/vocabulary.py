"""The filters and tests a template may use, and what to say about those it may not."""

from collections.abc import Callable, Mapping
from typing import cast

from jinja2 import pass_context
from jinja2.tests import TESTS as JINJA_TESTS

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.filters_lists import LIST_FILTERS
from clarion.records.templating.engine.filters_locale import LOCALE_FILTERS
from clarion.records.templating.engine.filters_text import TEXT_FILTERS
from clarion.records.templating.engine.limits import LONG, MAX_ITEMS, MAX_STRING
from clarion.records.templating.engine.operators import too_large
from clarion.records.templating.engine.rendering import RenderContext

TESTS: frozenset[str] = frozenset(
    {
        "odd", "even", "divisibleby", "defined", "undefined", "none", "boolean", "false", "true", "integer", "float",
        "number", "string", "mapping", "sequence", "iterable", "lower", "upper", "in", "eq", "equalto", "==", "ne",
        "!=", "lt", "lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">=",
    }
)  # fmt: skip

_WIDTH = "it pads text without bound"
_ESCAPES = "values are always escaped; put the markup into the template"
REFUSED_FILTERS: Mapping[str, str] = {
    "safe": _ESCAPES, "forceescape": _ESCAPES, "xmlattr": "write the attributes out",
    "urlize": "write the link out", "attr": "use variable.name", "pprint": "use tojson", "random": "use an experiment",
    "format": "use number, currency or ~", "center": _WIDTH, "indent": _WIDTH, "wordwrap": _WIDTH,
    "batch": "use loop.index is divisibleby(n)", "slice": "use [from:to]",
}  # fmt: skip


def _counted(function: Callable[..., object]) -> Callable[..., object]:
    """The filter with its step, and its result's size, taken from the budget."""

    @pass_context
    def filtered(context: RenderContext, value: object, *args: object, **kwargs: object) -> object:
        budget = context.budget
        budget.step()
        if isinstance(value, str) and len(value) > LONG:
            budget.check()  # a filter may read it all and give back little
        result = function(context, value, *args, **kwargs)
        if isinstance(result, str):
            if len(result) > MAX_STRING:
                raise too_large("the text")
            budget.work(len(result))
        elif isinstance(result, list) and len(result) > MAX_ITEMS:
            raise TemplateError(TemplateErrorCode.BUDGET, f"the list has more than {MAX_ITEMS} items")
        return result

    return filtered


FILTERS: Mapping[str, Callable[..., object]] = {
    name: _counted(function)  # type: ignore[arg-type]
    for name, function in {**TEXT_FILTERS, **LIST_FILTERS, **LOCALE_FILTERS}.items()
}
TEST_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    name: cast(Callable[..., object], JINJA_TESTS[name]) for name in TESTS
}
