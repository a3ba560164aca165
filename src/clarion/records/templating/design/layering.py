"""A layout and the blocks that a source fills it with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from clarion.records.templating.design.calls import Used
from clarion.records.templating.design.library import ALIASES, Layout, layouts
from clarion.records.templating.design.pieces import Kind, Piece, fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A source that extends a layout. `head` are `set` statements outside of the blocks."""

    layout: Layout
    head: tuple[Piece, ...]
    blocks: dict[str, list[Piece]]


def layout_of(used: Used) -> Layout:
    """The layout that is extended. Raises TemplateError."""
    found = layouts().get(ALIASES.get(used.name, used.name))
    if found is None:
        known = ", ".join(sorted(layouts()))
        raise fault(f"there is no layout named {used.name[:50]!r}; there is: {known}", used.line)
    return found


def filled(pieces: Sequence[Piece], blocks: dict[str, list[Piece]]) -> list[Piece]:
    """A layout with its blocks filled. `ifblock` keeps what is in it only where the block is filled."""
    out: list[Piece] = []
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if piece.word not in ("block", "ifblock"):
            out.append(piece)
            at += 1
            continue
        end = _end(pieces, at)
        name = piece.inside.split()[1]
        own = filled(pieces[at + 1 : end], blocks)
        if piece.word == "ifblock":
            out += own if _says(blocks.get(name, ())) else []
        else:
            out += with_super(blocks[name], own) if name in blocks else own
        at = end + 1
    return out


def _end(pieces: Sequence[Piece], start: int) -> int:
    depth = 0
    for at in range(start, len(pieces)):
        depth += (pieces[at].word in ("block", "ifblock")) - (pieces[at].word in ("endblock", "endifblock"))
        if depth == 0:
            return at
    raise fault("this block has no {% endblock %}", pieces[start].line)


def _says(pieces: Iterable[Piece]) -> bool:
    return any(piece.kind is not Kind.TEXT or piece.text.strip() for piece in pieces)


def own_of(pieces: Sequence[Piece], name: str) -> list[Piece]:
    """What a layout itself has in a block."""
    start = next(at for at, piece in enumerate(pieces) if piece.word == "block" and piece.inside.split()[1] == name)
    return list(pieces[start + 1 : _end(pieces, start)])


def with_super(pieces: list[Piece], own: list[Piece]) -> list[Piece]:
    """A block with the layout's own in the place of `super()`."""
    out: list[Piece] = []
    for piece in pieces:
        if piece.kind is Kind.EXPRESSION and piece.inside.replace(" ", "") == "super()":
            out += own
        else:
            out.append(piece)
    return out


def read_child(pieces: Sequence[Piece], layout: Layout) -> Child:
    """The blocks of a source that extends the layout. Raises TemplateError for anything else in it."""
    head: list[Piece] = []
    blocks: dict[str, list[Piece]] = {}
    at = 0
    while at < len(pieces):
        piece = pieces[at]
        if piece.word == "block":
            end = _block_end(pieces, at)
            name = _block_name(piece, layout, blocks)
            blocks[name] = list(pieces[at + 1 : end])
            at = end
        elif piece.word in ("set", "endset") or (head and _is_open(head)):
            head.append(piece)
        elif piece.word == "extends" and at == _first(pieces):
            pass
        elif piece.kind is not Kind.TEXT or piece.text.strip():
            raise fault("what stands outside of the blocks is not shown: put it into {% block content %}", _line(piece))
        at += 1
    return Child(layout=layout, head=tuple(head), blocks=blocks)


def _first(pieces: Sequence[Piece]) -> int:
    return next(at for at, piece in enumerate(pieces) if piece.word == "extends")


def _is_open(head: list[Piece]) -> bool:
    """Whether a `set` block has not ended; the one-line `set` has an equals sign and needs no end."""
    opened = sum(piece.word == "set" and "=" not in piece.inside for piece in head)
    return opened > sum(piece.word == "endset" for piece in head)


def _line(piece: Piece) -> int:
    """The line of the first word of a piece, which may begin with empty lines."""
    blank = len(piece.text) - len(piece.text.lstrip())
    return piece.line + piece.text.count("\n", 0, blank)


def _block_end(pieces: Sequence[Piece], start: int) -> int:
    for at in range(start + 1, len(pieces)):
        if pieces[at].word == "block":
            raise fault("a block cannot stand in another: end the first one with {% endblock %}", pieces[at].line)
        if pieces[at].word == "endblock":
            return at
    raise fault("this block has no {% endblock %}", pieces[start].line)


def _block_name(piece: Piece, layout: Layout, blocks: dict[str, list[Piece]]) -> str:
    words = piece.inside.split()
    name = words[1] if len(words) == 2 else ""
    if name not in layout.blocks:
        raise fault(f"there is no block named {name[:50]!r}; there are: {', '.join(sorted(layout.blocks))}", piece.line)
    if name in blocks:
        raise fault(f"the block {name!r} is there twice", piece.line)
    return name
