"""The Jinja2 environments: one per escape mode, hardened. What a template may say is decided in `syntax`."""

from collections.abc import Callable, Iterator
from functools import lru_cache

from jinja2 import ChainableUndefined, StrictUndefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from clarion.records.templating.engine import rewrite
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.filters_lists import items_of
from clarion.records.templating.engine.limits import MAX_RANGE
from clarion.records.templating.engine.methods import ATTRIBUTES, call_method
from clarion.records.templating.engine.operators import calculate, joined, packed
from clarion.records.templating.engine.quoting import STYLE, style_value
from clarion.records.templating.engine.rendering import CountedBuffer, RenderContext
from clarion.records.templating.engine.undefined import NotedUndefined
from clarion.records.templating.engine.vocabulary import FILTERS, TEST_FUNCTIONS

_UNNAMED = "[…]"
"""A key that was looked up may itself be a value of the context; error texts must not repeat it."""


class _Generator(CodeGenerator):
    """Jinja's compiler, computing nothing at compile time and counting what `set` blocks collect."""

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> str:
        if not isinstance(node, nodes.TemplateData | nodes.Const):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)

    def buffer(self, frame: Frame) -> None:
        frame.buffer = self.temporary_identifier()
        self.writeline(f"{frame.buffer} = environment.new_buffer(context)")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja's visitor names
        if frame.buffer is None:
            super().visit_Output(node, frame)
            return
        # One piece at a time, so that each is counted before the next is made.
        for child in node.nodes:
            super().visit_Output(nodes.Output([child], lineno=node.lineno), frame)


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Data first: `order.items` is the key. Nothing but keys and a few listed attributes can be reached."""

    code_generator_class = _Generator
    context_class = RenderContext
    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, *, html: bool, undefined: type[Undefined]) -> None:
        super().__init__(
            autoescape=html,
            undefined=undefined,
            optimized=False,
            loader=None,
            cache_size=0,
            keep_trailing_newline=False,
        )
        self.globals.clear()
        self.filters.clear()
        self.filters.update(FILTERS)
        self.filters.update(_INTERNAL)
        self.tests.clear()
        self.tests.update(TEST_FUNCTIONS)

    @staticmethod
    def new_buffer(context: RenderContext) -> list[str]:
        """Called by the compiled code at the start of a `set` block."""
        return CountedBuffer(context.budget)

    def getattr(self, obj: object, attribute: str) -> object:
        if type(obj) is dict:
            try:
                return obj[attribute]
            except KeyError:
                return self.undefined(obj=obj, name=attribute)
        if isinstance(obj, Undefined):
            # A chainable one gives itself, a strict one raises.
            return getattr(obj, attribute) if not attribute.startswith("_") else obj
        if attribute in ATTRIBUTES.get(type(obj), ()):
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: object, argument: object) -> object:
        if isinstance(obj, dict | list | tuple | str | Undefined):
            try:
                return obj[argument]  # type: ignore[index, call-overload]
            except (TypeError, LookupError):
                return self.undefined(obj=obj, name=_UNNAMED)
        return self.getattr(obj, argument) if isinstance(argument, str) else self.undefined(obj=obj, name=_UNNAMED)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        assert isinstance(context, RenderContext)
        return calculate(context.budget, operator, left, right)

    def call(self, context: Context, target: object, /, *args: object, **kwargs: object) -> object:
        raise TemplateError(TemplateErrorCode.FORBIDDEN, "nothing can be called here")


@pass_context
def _iterate(context: RenderContext, value: object) -> Iterator[object]:
    budget = context.budget
    for item in items_of(context, value):
        budget.step()
        yield item


@pass_context
def _method(context: RenderContext, owner: object, name: str, *arguments: object) -> object:
    return call_method(context.budget, owner, name, *arguments)


@pass_context
def _range(context: RenderContext, *bounds: int) -> range:
    numbers = range(*bounds)
    # len() itself overflows for the largest ones.
    if max((abs(bound) for bound in bounds), default=0) > 10**9 or len(numbers) > MAX_RANGE:
        raise TemplateError(TemplateErrorCode.BUDGET, f"range gives at most {MAX_RANGE} numbers")
    return numbers


@pass_context
def _concat(context: RenderContext, *values: object) -> str:
    context.budget.step()
    markup = context.eval_ctx.autoescape and any(hasattr(value, "__html__") for value in values)
    return joined(context.budget, values, markup=markup)


@pass_context
def _pack(context: RenderContext, container: object) -> object:
    context.budget.step()
    return packed(context.budget, container)


@pass_context
def _slice(
    context: RenderContext,
    value: object,
    start: int | None,
    stop: int | None,
    step: int | None,
) -> object:
    context.budget.step()
    if isinstance(value, Undefined):
        return value
    if not isinstance(value, str | list | tuple | range):
        raise TemplateError(TemplateErrorCode.VALUE, f"{type(value).__name__} cannot be sliced")
    part = value[start:stop:step]
    context.budget.work(len(part))
    return part


@pass_context
def _weigh(context: RenderContext, value: object) -> object:
    context.budget.step()
    return value


@pass_context
def _styled(context: RenderContext, value: object) -> object:
    context.budget.step()
    return value if isinstance(value, Undefined) else style_value(value)


_INTERNAL: dict[str, Callable[..., object]] = {
    rewrite.ITERATE: _iterate,
    rewrite.METHOD: _method,
    rewrite.RANGE: _range,
    rewrite.CONCAT: _concat,
    rewrite.PACK: _pack,
    rewrite.SLICE: _slice,
    rewrite.WEIGH: _weigh,
    STYLE: _styled,
}


@lru_cache(maxsize=6)
def environment(*, html: bool, strict: bool, noted: bool = False) -> TemplateEnvironment:
    """The shared environment of a mode. An undefined variable is nothing; with `strict` it is an error; with `noted` it
    is nothing, and told of (undefined.py)."""
    kind = StrictUndefined if strict else NotedUndefined if noted else ChainableUndefined
    return TemplateEnvironment(html=html, undefined=kind)
