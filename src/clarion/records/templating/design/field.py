"""One field that uses a layout or partials: expanded, inlined, and read once by the engine while lines are known."""

from collections.abc import Sequence
from dataclasses import dataclass

from clarion.records.templating.design.calls import LOCALE, read_call
from clarion.records.templating.design.expanding import Expansion, Style
from clarion.records.templating.design.inlining import inlined
from clarion.records.templating.design.layering import Child, filled, layout_of, read_child
from clarion.records.templating.design.library import style_sheet
from clarion.records.templating.design.pieces import Piece, cut, fault
from clarion.records.templating.design.text_alternative import text_of
from clarion.records.templating.engine.compile import parse_source
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.syntax import check_syntax


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedField:
    """`lines`: for each line of `text` that of the source, 0 for none. `alternative` is the text of a mail that extends
    a layout, as a source; empty for others."""

    text: str
    lines: tuple[int, ...]
    alternative: str = ""


def prepare_field(source: str, style: Style) -> PreparedField:
    """What the engine compiles in place of the source. Raises TemplateError with the line of the source."""
    pieces = cut(source)
    extends = next((piece for piece in pieces if piece.word == "extends"), None)
    if extends is None:
        expanded = Expansion(style).resolve(pieces)
        return _read_once(PreparedField(text=_joined(expanded, style), lines=_lines(expanded)), style)
    child = _child(extends, pieces, style)
    expanded = Expansion(style).resolve([*child.head, *filled(child.layout.html, child.blocks)])
    made = PreparedField(text=_joined(expanded, style), lines=_lines(expanded))
    try:
        _read_once(made, style)
    except TemplateError as error:
        if not error.line and error.code is TemplateErrorCode.SYNTAX:
            _blame(child, style)
        raise
    return PreparedField(text=made.text, lines=made.lines, alternative=text_of(child, style))


def _child(extends: Piece, pieces: Sequence[Piece], style: Style) -> Child:
    if not style.html:
        raise fault("a layout is for the html of an email", extends.line)
    used = read_call(extends)
    unknown = [name for name in used.arguments if name != "lang"]
    if unknown or not LOCALE.fullmatch(used.arguments.get("lang", "'en'")[1:-1]):
        raise fault(f'{used.name!r} takes nothing but lang="…", a locale such as fr or pt-BR', extends.line)
    return read_child(pieces, layout_of(used))


def _joined(pieces: Sequence[Piece], style: Style) -> str:
    if not style.html:
        return "".join(piece.text for piece in pieces)
    return inlined(pieces, Expansion(style).resolve(style_sheet()))


def _read_once(made: PreparedField, style: Style) -> PreparedField:
    """The field itself, when the engine takes it; else its error with the line in the source."""
    try:
        check_syntax(parse_source(made.text), html=style.html)
    except TemplateError as error:
        error.line = made.lines[error.line - 1] if 0 < error.line <= len(made.lines) else 0
        raise
    return made


def _blame(child: Child, style: Style) -> None:
    """Raise for the block that is not whole in itself: the engine sees that only at the end of everything."""
    for pieces in child.blocks.values():
        expanded = Expansion(style).resolve(pieces)
        lines = _lines(expanded)
        try:
            parse_source("".join(piece.text for piece in expanded))
        except TemplateError as error:
            first = next((line for line in lines if line), 0)
            error.line = (lines[error.line - 1] if 0 < error.line <= len(lines) else 0) or first
            raise


def _lines(pieces: Sequence[Piece]) -> tuple[int, ...]:
    """For each line of the joined pieces the line of the source it comes from; 0 for none."""
    found = [0]
    for piece in pieces:
        for number in range(piece.text.count("\n") + 1):
            own = piece.line + number if piece.line else 0
            if number:
                found.append(own)
            else:
                found[-1] = found[-1] or own
    return tuple(found)
