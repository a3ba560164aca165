"""Every reason that the code gives is one of the closed set; the docs have a sentence for each."""

import ast

from guards.tree import place, sources, tree_of

from clarion.contract.reasons import Reason

_ARGUMENTS = {"reason", "why"}
RESERVED: set[str] = set()  # promised codes that nothing gives yet
_NAMED_ONLY = {"contract/reasons.py", "contract/sentences.py"}


def _given(tree: ast.Module) -> set[str]:
    """Reason names used, and texts passed as a reason."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
            found.add(node.attr)
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg in _ARGUMENTS and isinstance(keyword.value, ast.Constant) and keyword.value.value:
                    found.add(str(keyword.value.value).upper())
    return found


def test_every_reason_given_in_the_code_exists() -> None:
    known = set(Reason.__members__)
    unknown = {place(path): names for path in sources() if (names := _given(tree_of(path)) - known)}

    assert unknown == {}


def test_every_reason_is_given_somewhere() -> None:
    given = {name for path in sources() if place(path) not in _NAMED_ONLY for name in _given(tree_of(path))}

    assert set(Reason.__members__) - given == RESERVED
