"""A source cut into its pieces by Jinja's own lexer: text, expressions and statements, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import jinja2

from clarion.records.templating.engine.environment import environment
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_NODES, MAX_SOURCE

Token = tuple[int, str, str]


class Kind(StrEnum):
    TEXT = "text"
    EXPRESSION = "expression"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`text` is what the engine will read. `inside` is what stands between the marks, `word` the first of a statement.
    `line` is that of the author's source; 0 for what a layout or a partial brought."""

    kind: Kind
    text: str
    line: int = 0
    inside: str = ""
    word: str = ""


def text_piece(text: str, line: int = 0) -> Piece:
    """Plain text as a piece."""
    return Piece(kind=Kind.TEXT, text=text, line=line)


def fault(message: str, line: int) -> TemplateError:
    """What is wrong with the use of a layout or partial, and in which line."""
    return TemplateError(TemplateErrorCode.SYNTAX, message, line=line)


def cut(source: str) -> list[Piece]:
    """The pieces of a source, comments left out. Raises TemplateError with the line where Jinja cannot read it."""
    if len(source) > MAX_SOURCE:
        raise TemplateError(TemplateErrorCode.TOO_LARGE, f"the template is longer than {MAX_SOURCE} characters")
    try:
        pieces = list(_pieces(lexed(source)))
    except jinja2.TemplateSyntaxError as error:
        raise fault((error.message or "not a valid template")[:300], error.lineno) from None
    if sum(piece.kind is not Kind.TEXT for piece in pieces) > MAX_NODES:
        raise TemplateError(TemplateErrorCode.TOO_LARGE, "the template has too many tags and expressions: split it")
    return pieces


def lexed(source: str) -> Iterator[Token]:
    """The tokens of a source as (line, kind, text)."""
    # the lexer drops one line break at the end: this one
    return iter(environment(html=False, strict=False).lex(source + "\n"))


def _pieces(tokens: Iterator[Token]) -> Iterator[Piece]:
    for line, kind, value in tokens:
        match kind:
            case "data":
                yield text_piece(value, line)
            case "variable_begin":
                yield _marked(Kind.EXPRESSION, line, value, _until(tokens, "variable_end", line))
            case "block_begin":
                yield _marked(Kind.STATEMENT, line, value, _until(tokens, "block_end", line))
            case "raw_begin":
                words = value + "".join(text for _, _, text in _until(tokens, "raw_end", line))
                yield Piece(kind=Kind.EXPRESSION, text=words, line=line)
            case "comment_begin":
                _until(tokens, "comment_end", line)


def _until(tokens: Iterator[Token], end: str, line: int) -> list[Token]:
    found: list[Token] = []
    for token in tokens:
        found.append(token)
        if token[1] == end:
            return found
    raise fault("this mark is not closed: write {{ … }} or {% … %}", line)


def _marked(kind: Kind, line: int, begin: str, tokens: list[Token]) -> Piece:
    inside = "".join(value for _, _, value in tokens[:-1])
    word = next((value for _, name, value in tokens if name == "name"), "") if kind is Kind.STATEMENT else ""
    return Piece(kind=kind, text=begin + inside + tokens[-1][2], line=line, inside=inside.strip(), word=word)
