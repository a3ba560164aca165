"""The syntax tree made safe: loops, calls, joining, literals and slices go through counted internal filters.

Internal filters have a blank in their names, so no template can write them. After rewriting there is no call left
in the tree: a template never holds anything callable.
"""

# ruff: noqa: N802 - the visitor's method names are made of class names

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

ITERATE = "budget iterate"
METHOD = "budget method"
RANGE = "budget range"
CONCAT = "budget concat"
PACK = "budget pack"
SLICE = "budget slice"
WEIGH = "budget weigh"

_HEAVY_TESTS = frozenset(
    {
        "in",
        "eq",
        "equalto",
        "==",
        "ne",
        "!=",
        "lt",
        "lessthan",
        "<",
        "le",
        "<=",
        "gt",
        "greaterthan",
        ">",
        "ge",
        ">=",
    }
)


def rewrite(tree: nodes.Template) -> nodes.Template:
    """The same template with every costly step counted; `tree` is changed in place."""
    rewritten = _Rewriter().visit(tree)
    assert isinstance(rewritten, nodes.Template)
    return rewritten


def _counted(name: str, value: nodes.Expr, *arguments: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(value, name, list(arguments), [], None, None, lineno=value.lineno)


class _Rewriter(NodeTransformer):
    def visit_For(self, node: nodes.For) -> nodes.Node:
        self.generic_visit(node)
        node.iter = _counted(ITERATE, node.iter)  # type: ignore[arg-type]
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        if isinstance(node.node, nodes.Getattr):
            name = nodes.Const(node.node.attr, lineno=node.lineno)
            return _counted(METHOD, node.node.node, name, *node.args)
        return _counted(RANGE, node.args[0], *node.args[1:])

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _counted(CONCAT, node.nodes[0], *node.nodes[1:])

    def visit_List(self, node: nodes.List) -> nodes.Node:
        self.generic_visit(node)
        return node if _all_constant(node.items) else _counted(PACK, node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:
        self.generic_visit(node)
        return node if node.ctx != "load" or _all_constant(node.items) else _counted(PACK, node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:
        self.generic_visit(node)
        constant = _all_constant([part for pair in node.items for part in (pair.key, pair.value)])
        return node if constant else _counted(PACK, node)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        nothing = nodes.Const(None, lineno=node.lineno)
        parts = (node.arg.start, node.arg.stop, node.arg.step)
        return _counted(SLICE, node.node, *(part or nothing for part in parts))

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        membership = any(operand.op in ("in", "notin") for operand in node.ops)
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        if membership or sum(not isinstance(side, nodes.Const) for side in sides) > 1:
            node.expr = _counted(WEIGH, node.expr)
        return node

    def visit_Test(self, node: nodes.Test) -> nodes.Node:
        self.generic_visit(node)
        if node.name in _HEAVY_TESTS:
            node.node = _counted(WEIGH, node.node)
        return node


def _all_constant(items: list[nodes.Expr]) -> bool:
    return all(isinstance(item, nodes.Const) for item in items)
