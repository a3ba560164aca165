"""Import rules see imports. What is reached by name instead (`import_string`, `-m`) is counted here, one by one."""

import ast
import re

from guards.tree import place, sources, tree_of

STOREYS = ("contract", "egress", "channels", "records", "readers", "flows", "surfaces", "config")
_NAME = re.compile(rf"clarion\.({'|'.join(STOREYS)})(\.\w+)+(:\w+)?")
ALLOWED = {
    "clarion.config.settings": "Django is told its settings by name",
    "clarion.config.asgi:application": "uvicorn is told its application by name",
    "clarion.config.asgi:websocket_application": "uvicorn is told its application by name",
    "clarion.config.wsgi:application": "granian is told its application by name",
    "clarion.config.celery:app": "celery is told its application by name",
    "clarion.config.wiring.configured": "preparing mirrors what the wiring read",
    "clarion.config.environment.ConfigurationError": "the doctor tells what reading the environment raised",
    "clarion.config.environment.read_environment": "the doctor reads it anew and tells what is wrong",
    "clarion.config.checks.require_soundness": "what serves refuses to start unsound",
}


def _storey(path: str) -> int:
    first = path.partition("/")[0]
    return STOREYS.index(first) if first in STOREYS else len(STOREYS)


def _names_above(tree: ast.Module, storey: int) -> set[str]:
    """Dotted names of ours in texts that lead to a higher storey."""
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in texts if _NAME.fullmatch(text) and _storey(text.split(".")[1]) > storey}


def test_what_is_reached_upward_by_name_is_on_this_list() -> None:
    found = {
        (place(path), name)
        for path in sources()
        if _storey(place(path)) < len(STOREYS)
        for name in _names_above(tree_of(path), _storey(place(path)))
    }

    assert {each for each in found if each[1] not in ALLOWED} == set()
    assert set(ALLOWED) == {name for _, name in found}, "an allowed name that nobody uses any more"
    assert {where.partition("/")[0] for where, _ in found} == {"surfaces"}
