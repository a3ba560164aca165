"""Which variables a template uses, as dotted paths. Reads the syntax tree; renders nothing."""

from collections.abc import Iterable, Mapping, Sequence

from jinja2 import nodes

from clarion.records.templating.engine.compile import parse_source

_SAME_LIST = frozenset(
    {"list", "sort", "unique", "reverse", "select", "reject", "selectattr", "rejectattr", "default", "d", "items"}
)
_ONE_ITEM = frozenset({"first", "last", "min", "max"})
_ITEM = "[]"
_LOOKED_AT = 100
"""Items of a list that are asked whether they have what is used of them."""

Scope = dict[str, str]
"""Local name → the path it stands for, or the empty string when it stands for something made in the template."""


def used_variables(source: str) -> frozenset[str]:
    """Paths from the context: `user.first_name`, `order.items`, `order.items[].price`. Raises TemplateError."""
    reader = _Reader()
    reader.block(parse_source(source).body, {})
    return frozenset(reader.used)


class _Reader:
    def __init__(self) -> None:
        self.used: set[str] = set()

    def block(self, body: Iterable[nodes.Node], scope: Scope) -> None:
        """Statements in order; `scope` is changed by `set`."""
        for node in body:
            self.statement(node, scope)

    def statement(self, node: nodes.Node, scope: Scope) -> None:
        match node:
            case nodes.For():
                self.loop(node, scope)
            case nodes.If():
                self.expression(node.test, scope)
                for part in (node.body, node.elif_, node.else_):
                    self.block(part, scope)
            case nodes.With():
                inner = dict(scope)
                for target, value in zip(node.targets, node.values, strict=True):
                    self.bind(target, self.expression(value, scope), inner)
                self.block(node.body, inner)
            case nodes.Assign():
                self.bind(node.target, self.expression(node.node, scope), scope)
            case nodes.AssignBlock():
                self.block(node.body, dict(scope))
                self.bind(node.target, "", scope)
            case nodes.Output():
                for child in node.nodes:
                    self.expression(child, scope)
            case _:
                self.block(node.iter_child_nodes(), scope)

    def loop(self, node: nodes.For, scope: Scope) -> None:
        path = self.expression(node.iter, scope)
        inner = {**scope, "loop": ""}
        self.bind(node.target, path + _ITEM if path else "", inner)
        if node.test is not None:
            self.expression(node.test, inner)
        self.block(node.body, inner)
        self.block(node.else_, dict(scope))

    def bind(self, target: nodes.Node, path: str, scope: Scope) -> None:
        if isinstance(target, nodes.Name):
            scope[target.name] = path
        elif isinstance(target, nodes.Tuple):
            # `for key, value in prices.items()`: the last name is the value, the others are made here.
            for item in target.items:
                self.bind(item, path if item is target.items[-1] else "", scope)

    def expression(self, node: nodes.Node, scope: Scope) -> str:
        """Record what the expression uses; the path it stands for, or the empty string."""
        base, steps = self.chain(node, scope)
        if base is None:
            for child in node.iter_child_nodes():
                self.expression(child, scope)
            return ""
        path = base + steps if base else ""
        if path:
            self.used.add(path)
        return path

    def chain(self, node: nodes.Node, scope: Scope) -> tuple[str | None, str]:
        """`(root, rest)` of a path such as `order.items[0].price`; `(None, "")` when the node is no path."""
        match node:
            case nodes.Name():
                return scope.get(node.name, node.name), ""
            case nodes.Getattr():
                return self.extended(node.node, f".{node.attr}", scope)
            case nodes.Getitem(arg=nodes.Const(value=str() as key)):
                return self.extended(node.node, f".{key}", scope)
            case nodes.Getitem():
                return self.beside(node, scope, "" if isinstance(node.arg, nodes.Slice) else _ITEM)
            case nodes.Filter() if node.node is not None and node.name in _SAME_LIST | _ONE_ITEM:
                return self.beside(node, scope, _ITEM if node.name in _ONE_ITEM else "")
            case nodes.Call():
                return self.call(node, scope)
        return None, ""

    def call(self, node: nodes.Call, scope: Scope) -> tuple[str | None, str]:
        """`prices.items()` and `order.get('key')` stand for paths; the result of other calls is made here."""
        method = node.node if isinstance(node.node, nodes.Getattr) else None
        arguments = [*node.args, *node.kwargs]
        if method and method.attr in ("items", "values"):
            return self.extended(method.node, "", scope)
        if method and method.attr == "get" and node.args and isinstance(node.args[0], nodes.Const):
            step = f".{node.args[0].value}"
            for argument in arguments[1:]:
                self.expression(argument, scope)
            return self.extended(method.node, step, scope)
        for argument in [method.node, *arguments] if method else arguments:
            self.expression(argument, scope)
        return "", ""

    def extended(self, node: nodes.Expr, step: str, scope: Scope) -> tuple[str | None, str]:
        base, steps = self.chain(node, scope)
        if base is None:
            self.expression(node, scope)
            return "", ""
        return base, steps + step if base else ""

    def beside(self, node: nodes.Filter | nodes.Getitem, scope: Scope, step: str) -> tuple[str | None, str]:
        """The path of the node's subject, with its arguments recorded on the side."""
        arguments = [node.arg] if isinstance(node, nodes.Getitem) else [*node.args, *node.kwargs]
        for argument in arguments:
            self.expression(argument, scope)
        assert node.node is not None
        return self.extended(node.node, step, scope)


def undefined_in(paths: Iterable[str], context: Mapping[str, object]) -> frozenset[str]:
    """Those of the paths (as `used_variables` gives them) that a context does not have; of what is below one of them,
    nothing."""
    missing = {path for path in paths if not _has(context, path.replace(_ITEM, f".{_ITEM}").split("."))}
    return frozenset(path for path in missing if not any(path.startswith((f"{m}.", f"{m}{_ITEM}")) for m in missing))


def _has(value: object, steps: Sequence[str]) -> bool:
    """An empty list has whatever its items would have to have."""
    for at, step in enumerate(steps):
        if step == _ITEM:
            items = list(value.values()) if isinstance(value, Mapping) else value
            if not isinstance(items, list | tuple):
                return False
            return all(_has(item, steps[at + 1 :]) for item in items[:_LOOKED_AT])
        if not isinstance(value, Mapping) or step not in value:
            return False
        value = value[step]
    return True
