"""How a layout or partial is called: `extends "base" with lang="fr"`, `include "button" with label="Go", url=link`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2

from clarion.records.templating.design.pieces import Piece, Token, fault, lexed

MOST_ARGUMENTS = 20
LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")
_OPEN, _CLOSE = frozenset("([{"), frozenset(")]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What is called, and with which arguments: name → expression as it was written."""

    name: str
    arguments: dict[str, str]
    line: int


def read_call(piece: Piece) -> Used:
    """The call in an `extends` or `include` statement. Raises TemplateError with its line."""
    tokens = [token for token in _inside(piece) if token[1] != "whitespace"]
    if not tokens or tokens[0][1] != "string":
        raise fault(f'write {{% {piece.word} "name" %}} with the name in quotes', piece.line)
    name = tokens[0][2][1:-1].removesuffix(".html").removesuffix(".txt")
    if len(tokens) == 1:
        return Used(name=name, arguments={}, line=piece.line)
    if tokens[1][2] != "with":
        raise fault(f'write {{% {piece.word} "{name[:50]}" with name=value, … %}}', piece.line)
    return Used(name=name, arguments=_arguments(piece, name), line=piece.line)


def parameters(header: str) -> dict[str, str | None]:
    """The parameters of a partial, as its first line names them: name → default, None for one that must be given."""
    found: dict[str, str | None] = {}
    for part in _parted(_tokens(header, 0)):
        words = "".join(token[2] for token in part).strip()
        name, given, default = words.partition("=")
        if words:
            found[name.strip()] = default.strip() if given else None
    return found


def _inside(piece: Piece) -> list[Token]:
    """What follows the statement's first word."""
    return _tokens(piece.inside[len(piece.word) :], piece.line)


def _tokens(expression: str, line: int) -> list[Token]:
    try:
        tokens = list(lexed("{{ " + expression + " }}"))
    except jinja2.TemplateSyntaxError as error:
        raise fault((error.message or "not a valid template")[:300], line) from None
    return [token for token in tokens if token[1] not in ("variable_begin", "variable_end", "data")]


def _arguments(piece: Piece, name: str) -> dict[str, str]:
    tokens = _inside(piece)
    start = next(at for at, token in enumerate(tokens) if token[1] == "name") + 1
    found: dict[str, str] = {}
    for part in _parted(tokens[start:]):
        words = [token for token in part if token[1] != "whitespace"]
        if len(words) < 3 or words[0][1] != "name" or words[1][2] != "=":
            raise fault(f'the arguments of "{name[:50]}" are written name=value, with commas between them', piece.line)
        if words[0][2] in found or len(found) >= MOST_ARGUMENTS:
            raise fault(f'"{name[:50]}" takes each argument once, and at most {MOST_ARGUMENTS}', piece.line)
        sign = next(at for at, token in enumerate(part) if token[2] == "=")
        found[words[0][2]] = "".join(token[2] for token in part[sign + 1 :]).strip()
    return found


def _parted(tokens: list[Token]) -> Iterator[list[Token]]:
    """The tokens between the commas that stand in no bracket."""
    depth = 0
    part: list[Token] = []
    for token in tokens:
        depth += (token[2] in _OPEN) - (token[2] in _CLOSE) if token[1] == "operator" else 0
        if token[1] == "operator" and token[2] == "," and depth == 0:
            yield part
            part = []
        else:
            part.append(token)
    yield part
