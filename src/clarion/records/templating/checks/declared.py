"""Variables: used and not declared, declared and not used."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from clarion.records.templating import schema
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding, finding
from clarion.records.templating.checks.places import NOWHERE, Where, at_offset
from clarion.records.templating.checks.sample import resolved, type_of
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.engine.validation import STANDARD_NAMES
from clarion.records.templating.engine.variables import used_variables

_TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def check_variables(case: Case) -> Iterator[Finding]:
    """What is used against what is declared, by lists or schema."""
    required, optional = declared_of(case)
    names = {*required, *optional}
    for piece in case.pieces:
        for name, path in _own(piece):
            if not _is_declared(path, names, case.draft.schema):
                yield piece.say(
                    Code.VARIABLE_UNDECLARED,
                    f"{path.replace('[]', '')} is used and not declared",
                    field=name,
                    place=place_of(piece.source[name], path),
                )
    if all(piece.sound for piece in case.pieces):
        yield from _unused(case)


def declared_of(case: Case) -> tuple[set[str], set[str]]:
    """The names that are required and those that are optional."""
    try:
        required, optional = schema.declared(case.draft.schema)
    except (AttributeError, TypeError):  # no schema at all, which whole.py says
        required, optional = (), ()
    return {*case.draft.required, *required}, {*case.draft.optional, *optional}


def _own(piece: Piece) -> Iterator[tuple[str, str]]:
    """(field, path) of what the author wrote; layouts bring what they need."""
    for name, source in piece.source.items() if piece.sound else ():
        try:
            for path in sorted(used_variables(piece.prepared[name])):
                if source == piece.prepared[name] or place_of(source, path) != NOWHERE:
                    yield name, path
        except (TemplateError, KeyError):
            continue


def _is_declared(path: str, names: set[str], described: Mapping[str, Any]) -> bool:
    plain = path.replace("[]", "")
    if plain.partition(".")[0] in STANDARD_NAMES:
        return True
    known = {name.replace("[]", "") for name in names}
    if not any(plain == name or plain.startswith(f"{name}.") or name.startswith(f"{plain}.") for name in known):
        return False
    return _is_described(path, described)


def _is_described(path: str, described: Mapping[str, Any]) -> bool:
    """Whether the schema knows every step of the path; where it describes no members, it has no say."""
    place = resolved(described, described)
    for step in path.replace("[]", ".[]").split("."):
        if step == "[]":
            place = resolved(place.get("items", {}), described)
            continue
        members = place.get("properties")
        if not isinstance(members, Mapping) or not members:
            return True
        if step not in members:
            return place is resolved(described, described) or type_of(place) != "object"
        place = resolved(members[step], described)
    return True


def _unused(case: Case) -> Iterator[Finding]:
    """Of a schema only the variables themselves: a caller may send more of an order than a template shows."""
    described = case.draft.schema.get("properties")
    must = case.draft.schema.get("required")
    names = set(described) if isinstance(described, Mapping) else set()
    wanted = {name for name in must if isinstance(name, str)} if isinstance(must, list) else set()
    required = {*case.draft.required, *wanted}
    used = {path.replace("[]", "") for piece in case.pieces for path in piece.used}
    optional = {*case.draft.optional, *names} - required
    for code, declared in ((Code.VARIABLE_REQUIRED_UNUSED, required), (Code.VARIABLE_UNUSED, optional)):
        for name in sorted(declared):
            plain = name.replace("[]", "")
            if not any(path == plain or path.startswith(f"{plain}.") or plain.startswith(f"{path}.") for path in used):
                yield finding(code, f"{name} is declared and used nowhere")


def place_of(source: str, path: str) -> Where:
    """Where a variable is used first: its whole path in a tag, else (a loop's item) its last word there."""
    plain = path.replace("[]", "")
    for wanted in (plain, plain.rpartition(".")[2]):
        word = re.compile(rf"(?<![\w]){re.escape(wanted)}(?!\w)")
        for tag in _TAG.finditer(source):
            found = word.search(source, tag.start(), tag.end())
            if found:
                return at_offset(source, found.start())
    return NOWHERE
