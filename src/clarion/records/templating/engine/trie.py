"""Template paths: their syntax, and a look-up in which `*` stands for exactly one segment. Pure and in memory."""

import re
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_PATH = 200
_PATH = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9_]+|\.\*)*")


def check_path(path: str) -> str:
    """The path; raises ValueError when it is not lower-case words joined by dots (`*` after the first)."""
    if len(path) > MAX_PATH or not _PATH.fullmatch(path):
        raise ValueError("a template path is lower-case words joined by dots, such as orders.shipped.email")
    return path


@dataclass(slots=True)
class _Node(Generic[T]):
    children: "dict[str, _Node[T]]" = field(default_factory=dict)
    values: list[T] = field(default_factory=list)
    """At most one; a list tells an absent value from a stored None."""


class PathTrie(Generic[T]):
    """Paths and patterns with a value each. `find` gives the most specific: a literal segment beats `*`, the
    leftmost difference decides.

    Paths without `*` are most of them, and where one matches it is the most specific: they stand in a dict, and only
    patterns in the tree. One writer at a time; readers beside it see each entry as it was or as it is.
    """

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self._literal: dict[str, T] = {}
        self._patterns = 0

    def __len__(self) -> int:
        return len(self._literal) + self._patterns

    def insert(self, path: str, value: T) -> None:
        """Store or replace; raises ValueError for a bad path."""
        check_path(path)
        if "*" not in path:
            self._literal[path] = value
            return
        node = self._root
        for segment in path.split("."):
            node = node.children.setdefault(segment, _Node())
        self._patterns += not node.values
        node.values = [value]

    def remove(self, path: str) -> bool:
        """Forget exactly this path or pattern; False when it was not there."""
        if path in self._literal:
            del self._literal[path]
            return True
        node = self._root
        trail: list[tuple[_Node[T], str]] = []
        for segment in path.split("."):
            if segment not in node.children:
                return False
            trail.append((node, segment))
            node = node.children[segment]
        if not node.values:
            return False
        node.values = []
        self._patterns -= 1
        for parent, segment in reversed(trail):
            child = parent.children[segment]
            if child.values or child.children:
                break
            del parent.children[segment]
        return True

    def find(self, path: str) -> T | None:
        """The value of the most specific entry that matches, or None."""
        if path in self._literal:
            return self._literal[path]
        if not self._patterns or len(path) > MAX_PATH:
            return None
        segments = path.split(".")
        # A node is visited at most once, for its depth is its position; so hostile patterns cost no more than the tree.
        stack = [(self._root, 0)]
        while stack:
            node, at = stack.pop()
            if at == len(segments):
                if values := node.values:
                    return values[0]
                continue
            wild = node.children.get("*")
            if wild is not None:
                stack.append((wild, at + 1))
            literal = node.children.get(segments[at])
            if literal is not None and segments[at] != "*":
                stack.append((literal, at + 1))
        return None
