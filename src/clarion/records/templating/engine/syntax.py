"""What a template may say: an allow-list over the syntax tree, its size and its depth. Changes nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import nodes

from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import (
    MAX_DEPTH,
    MAX_FLOAT,
    MAX_LOOP_DEPTH,
    MAX_NODES,
)
from clarion.records.templating.engine.methods import METHODS
from clarion.records.templating.engine.quoting import check_quoting
from clarion.records.templating.engine.vocabulary import FILTERS, REFUSED_FILTERS, TESTS

_ALLOWED: frozenset[type[nodes.Node]] = frozenset(
    {
        nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.With, nodes.Assign,
        nodes.AssignBlock, nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword,
        nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call, nodes.Getitem, nodes.Getattr, nodes.Slice, nodes.Concat,
        nodes.Compare, nodes.Operand, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow,
        nodes.Not, nodes.And, nodes.Or, nodes.Neg, nodes.Pos,
    }
)  # fmt: skip

_TAGS: dict[type[nodes.Node], str] = {
    nodes.Include: "include: templates cannot load others, use the brand layout",
    nodes.Import: "import: templates cannot load others",
    nodes.FromImport: "import: templates cannot load others",
    nodes.Extends: "extends: templates cannot load others, use the brand layout",
    nodes.Block: "block: there is no inheritance here, write the content directly",
    nodes.Macro: "macro: repeat the lines or use a loop",
    nodes.CallBlock: "call: there are no macros",
    nodes.FilterBlock: "filter as a block: use the filter on an expression",
    nodes.NSRef: "attributes cannot be set",
    nodes.Scope: "autoescape: escaping follows the channel",
    nodes.ScopedEvalContextModifier: "autoescape: escaping follows the channel",
}
_RESERVED = frozenset({"self", "super", "caller", "varargs", "kwargs"})
_LOOP_METHODS = frozenset({"cycle", "changed"})


def check_syntax(tree: nodes.Template, *, html: bool) -> None:
    """Raise TemplateError for anything that is not allowed, with the line and what to write instead."""
    for node in _walk(tree):
        _check_node(node)
    if html:
        check_quoting(tree)


def _walk(tree: nodes.Template) -> Iterator[nodes.Node]:
    """Every node, without recursion, within the limits of size, depth and nested loops."""
    stack: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    seen = 0
    while stack:
        node, depth, loops = stack.pop()
        seen += 1
        loops += isinstance(node, nodes.For)
        if seen > MAX_NODES:
            raise TemplateError(
                TemplateErrorCode.TOO_LARGE,
                "the template has too many tags and expressions: split it",
            )
        if depth > MAX_DEPTH or loops > MAX_LOOP_DEPTH:
            raise _error(
                node,
                TemplateErrorCode.TOO_LARGE,
                "the template is nested too deeply: flatten it",
            )
        yield node
        stack.extend((child, depth + 1, loops) for child in node.iter_child_nodes())


def _error(node: nodes.Node, code: TemplateErrorCode, message: str, near: str = "") -> TemplateError:
    return TemplateError(code, message, line=getattr(node, "lineno", 0) or 0, near=near or _word(node))


def _forbidden(node: nodes.Node, message: str, near: str = "") -> TemplateError:
    return _error(node, TemplateErrorCode.FORBIDDEN, message, near)


def _word(node: nodes.Node) -> str:
    """The word by which the node is found on its line."""
    match node:
        case nodes.Name() | nodes.Filter() | nodes.Test():
            return node.name
        case nodes.Getattr():
            return node.attr
        case nodes.Call():
            return _word(node.node)
    return ""


def _check_node(node: nodes.Node) -> None:
    if type(node) not in _ALLOWED:
        said = _TAGS.get(type(node), type(node).__name__.lower())
        raise _forbidden(node, f"not allowed: {said}", near=said.partition(":")[0])
    check = _CHECKS.get(type(node))
    if check is not None:
        check(node)


def _check_name(node: nodes.Name) -> None:
    if node.name.startswith("_") or node.name in _RESERVED:
        raise _forbidden(node, f"the name {node.name[:50]!r} is reserved")


def _check_filter(node: nodes.Filter) -> None:
    if node.node is None:
        raise _forbidden(node, "use the filter on an expression")
    if node.name in REFUSED_FILTERS:
        raise _forbidden(
            node,
            f"the filter {node.name!r} is not allowed: {REFUSED_FILTERS[node.name]}",
        )
    if node.name not in FILTERS:
        raise _error(
            node,
            TemplateErrorCode.SYNTAX,
            f"there is no filter named {node.name[:50]!r}",
        )
    _check_arguments(node)


def _check_call(node: nodes.Call) -> None:
    _check_arguments(node)
    target = node.node
    if isinstance(target, nodes.Name) and target.name == "range" and 1 <= len(node.args) <= 3 and not node.kwargs:
        return
    if isinstance(target, nodes.Getattr):
        if target.attr in METHODS and not node.kwargs:
            return
        if target.attr in _LOOP_METHODS and isinstance(target.node, nodes.Name) and target.node.name == "loop":
            return
        raise _forbidden(node, f"the method {target.attr[:50]!r} cannot be called: use a filter")
    raise _forbidden(
        node,
        "only range(…) and a few methods of text, mappings and dates can be called",
    )


def _check_arguments(node: nodes.Filter | nodes.Test | nodes.Call) -> None:
    if node.dyn_args is not None or node.dyn_kwargs is not None:
        raise _forbidden(node, "arguments cannot be spread with * or **")
    for keyword in node.kwargs:
        if isinstance(keyword, nodes.Keyword) and keyword.key.startswith("_"):
            raise _forbidden(node, "names that begin with an underscore are private")


def _check_getattr(node: nodes.Getattr) -> None:
    if node.attr.startswith("_"):
        raise _forbidden(node, "names that begin with an underscore are private")


def _check_test(node: nodes.Test) -> None:
    if node.name not in TESTS:
        raise _error(node, TemplateErrorCode.SYNTAX, f"there is no test named {node.name[:50]!r}")
    _check_arguments(node)


def _check_const(node: nodes.Const) -> None:
    value = node.value
    # Python writes no integer of thousands of digits into the compiled code, and infinity as a name
    if isinstance(value, int | float) and not -MAX_FLOAT < value < MAX_FLOAT:
        raise _error(node, TemplateErrorCode.SYNTAX, "a number in the template is too long")
    if isinstance(value, str) and "\x00" in value:
        raise _error(node, TemplateErrorCode.SYNTAX, "a text in the template contains NUL: take \\x00 out")


def _check_for(node: nodes.For) -> None:
    if node.recursive:
        raise _forbidden(node, "recursive loops are not allowed: nest plain loops")


def _check_set(node: nodes.AssignBlock) -> None:
    if node.filter is not None:
        raise _forbidden(node, "filter the variable where it is used, not in the set block")


_CHECKS: Mapping[type[nodes.Node], Callable[[Any], None]] = {
    nodes.Name: _check_name,
    nodes.Getattr: _check_getattr,
    nodes.Filter: _check_filter,
    nodes.Test: _check_test,
    nodes.Call: _check_call,
    nodes.Const: _check_const,
    nodes.For: _check_for,
    nodes.AssignBlock: _check_set,
}
