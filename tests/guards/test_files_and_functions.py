"""Names and sizes: a function without a home means a missing concept, and a long file wants to be two."""

import ast
import re

from guards.tree import place, repository_files, sources, text_of, tree_of

FORBIDDEN = re.compile(r"^(utils?|helpers?|common|misc|services?|managers?|base_.*|.*_(utils?|helpers?))$")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    python = [path for path in repository_files() if path.suffix == ".py"]
    parts = {(place(path), part.removesuffix(".py")) for path in python for part in path.parts[-4:]}

    assert sorted(where for where, name in parts if FORBIDDEN.match(name)) == []


def test_no_source_file_is_longer_than_400_lines() -> None:
    lengths = {place(path): text_of(path).count("\n") for path in sources()}

    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    found = {}
    for path in sources():
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    found[f"{place(path)}:{node.name}"] = lines

    assert found == {}


def test_every_module_says_what_lives_in_it() -> None:
    silent = [place(path) for path in sources() if text_of(path).strip() and not ast.get_docstring(tree_of(path))]

    assert silent == []
