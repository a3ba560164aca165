"""The text of a mail that was written as HTML only: the same blocks in the text layout, tags taken out.

It is made of the source, so that expressions and loops stand in it as the author wrote them, in the same order.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from clarion.channels.markup import as_text
from clarion.records.templating.design.calls import read_call
from clarion.records.templating.design.expanding import Expansion, Style
from clarion.records.templating.design.layering import Child, filled, own_of, with_super
from clarion.records.templating.design.library import partials
from clarion.records.templating.design.pieces import Kind, Piece, text_piece
from clarion.records.templating.design.sealing import Sealed, seal
from clarion.records.templating.engine.compile import parse_source
from clarion.records.templating.engine.errors import TemplateError

_MARKS = re.compile(r"\{[{%#]")
_LINK = "https://"
_EMPTY_LINES = re.compile(r"\n{3,}")


def text_of(child: Child, style: Style) -> str:
    """The text alternative as a source; empty where none can be made that is sure to be right."""
    style = replace(style, html=False)
    blocks: dict[str, list[Piece]] = {}
    for name in child.layout.text_blocks & child.blocks.keys():
        plain = _plain(with_super(child.blocks[name], own_of(child.layout.text, name)), style)
        if plain is None:
            return ""
        blocks[name] = [text_piece(plain)] if plain else []
    resolved = Expansion(style).resolve([*child.head, *filled(child.layout.text, blocks)])
    text = _EMPTY_LINES.sub("\n\n", "".join(piece.text for piece in resolved)).strip() + "\n"
    try:
        parse_source(text)
    except TemplateError:
        return ""  # a statement began or ended inside of a tag
    return text


def _plain(pieces: list[Piece], style: Style) -> str | None:
    """The text of HTML pieces, still with its Jinja; None where text would become Jinja by it."""
    sealed = seal(_in_text(pieces, style))
    mark = sealed.seal.pattern[0]
    # an address is shown behind its link where it looks like one
    text = as_text(re.sub(rf"""(?i)(\shref\s*=\s*["']){mark}""", rf"\1{_LINK}{mark}", sealed.texts[0]))
    if _MARKS.search(text):
        return None
    return sealed.opened(_without_bare_lines(text.replace(f"({_LINK}{mark}", f"({mark}"), sealed))


def _in_text(pieces: list[Piece], style: Style) -> Iterator[Piece]:
    """The pieces with each partial in its text form; one that is a piece of layout in HTML is a paragraph here."""
    for piece in pieces:
        if piece.word != "include":
            yield from Expansion(style).resolve([piece])
            continue
        alone = partials()[read_call(piece).name].html is not None
        words = "".join(one.text for one in Expansion(style).resolve([piece]))
        yield from (text_piece("<p>"),) if alone else ()
        yield Piece(kind=Kind.EXPRESSION, text=words)
        yield from (text_piece("</p>"),) if alone else ()


def _without_bare_lines(text: str, sealed: Sealed) -> str:
    """A line of nothing but statements would leave an empty line; they go to the end of the one before."""
    out: list[str] = []
    for line in text.split("\n"):
        found = list(sealed.seal.finditer(line))
        bare = found and not sealed.seal.sub("", line).strip()
        if out and bare and all(sealed.piece(one).kind is Kind.STATEMENT for one in found):
            out[-1] += line.strip()
        else:
            out.append(line.rstrip())
    return "\n".join(out).strip("\n")
