"""YAML as far as templates need it: JSON's values, no aliases, no tags, no doubled keys, bounded; with line numbers."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from clarion.records.templating.files.faults import FolderFault

MAX_DEPTH = 40
MAX_NODES = 50_000
MOST_WIDTH = 100_000
"""Nothing is folded: a tag of a template in two lines is hard to read."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,30})", re.ASCII)
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]+)?", re.ASCII)
_PLAIN = re.compile("[\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff\n]*")
_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
)
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The values, and where each key's value begins: path of keys → (line, column), both from 1."""

    values: Mapping[str, Any]
    places: Mapping[Path, tuple[int, int]]

    def line(self, *path: str) -> int:
        """The line of a value; of what is around it where it has none of its own."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path][0] if path else 1


def parse_mapping(text: str, file: str, *, first_line: int = 1) -> Parsed:
    """The mapping that the text is (an empty text: an empty one). `first_line` is the text's own place in the file.
    Raises FolderFault."""
    shift = first_line - 1
    try:
        _bound(text, file, shift)
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FolderFault(file, (mark.line + 1 if mark else 0) + shift, _said(error, text, mark)) from None
    except yaml.YAMLError as error:
        raise FolderFault(file, first_line, f"not YAML: {str(error).splitlines()[0][:120]}") from None
    if node is None:
        return Parsed(values={}, places={})
    if not isinstance(node, yaml.MappingNode):
        raise FolderFault(file, first_line, "write keys with values: name: …")
    reader = _Reader(file, shift)
    return Parsed(values=reader.mapping(node, ()), places=reader.places)


def dump_mapping(values: Mapping[str, Any]) -> str:
    """The text of which `parse_mapping` makes the same values; keys in their order."""
    return yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=MOST_WIDTH)


def _said(error: yaml.MarkedYAMLError, text: str, mark: yaml.Mark | None) -> str:
    said = f"not YAML: {error.problem or error.context or 'it cannot be read'}"
    lines = text.splitlines()
    if mark and mark.line < len(lines) and re.search(r":\s*[{%]", lines[mark.line]):
        said += "; a value that begins with { or % must stand in quotes"
    return said[:240]


def _bound(text: str, file: str, shift: int) -> None:
    """Refuse aliases, depth and number before anything is built from them."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        line = (event.start_mark.line + 1 if event.start_mark else 0) + shift
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise FolderFault(file, line, "anchors and aliases (& and *) are not taken: write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH or count > MAX_NODES:
            raise FolderFault(file, line, "the YAML is too deep or has too many values")


class _Reader:
    def __init__(self, file: str, shift: int) -> None:
        self.file = file
        self.shift = shift
        self.places: dict[Path, tuple[int, int]] = {}

    def fault(self, node: yaml.Node, message: str) -> FolderFault:
        return FolderFault(self.file, self.place(node)[0], message)

    def mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise self.fault(key_node, "a key must be a word; a value that begins with { must stand in quotes")
            key = key_node.value
            if key in found:
                raise self.fault(key_node, f"the key {key[:50]!r} stands here twice")
            below = (*path, key)
            self.places[below] = self.place(value_node)
            found[key] = self.value(value_node, below)
        return found

    def place(self, node: yaml.Node) -> tuple[int, int]:
        """Where the text of a value begins: behind its quote, or below the `|` of a block."""
        mark = node.start_mark
        style = getattr(node, "style", None)
        line, column = mark.line + 1 + self.shift, mark.column + 1
        if style in ("|", ">"):
            return line + 1, 1
        return line, column + (1 if style in ("'", '"') else 0)

    def value(self, node: yaml.Node, path: Path) -> Any:
        if node.tag not in _TAGS:
            raise self.fault(node, "tags (!…) are not taken")
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, str(at))) for at, child in enumerate(node.value)]
        return self.scalar(node)

    def scalar(self, node: yaml.Node) -> Any:
        """JSON's values; what YAML 1.1 takes for dates, octals or yes and no stays text."""
        text, kind = node.value, node.tag.rpartition(":")[2]
        if getattr(node, "style", None):
            return text
        if kind == "null":
            return None
        if kind == "bool" and text.lower() in ("true", "false"):
            return text.lower() == "true"
        if kind == "int" and _INT.fullmatch(text):
            return int(text)
        if kind == "float":
            return self.number(node, text)
        return text

    def number(self, node: yaml.Node, text: str) -> float | str:
        if text.lower().lstrip("+-") in (".inf", ".nan"):
            raise self.fault(node, "JSON has no infinity and no NaN: write a number")
        if not _FLOAT.fullmatch(text):
            return text
        number = float(text)
        if not math.isfinite(number):
            raise self.fault(node, "the number is too large")
        return number


class _Dumper(yaml.SafeDumper):
    """No aliases; several lines as a block; whatever is not plainly printable in double quotes."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = None
    if not _PLAIN.fullmatch(value):
        style = '"'
    elif "\n" in value:
        style = "|"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
