"""Texts in which Jinja's pieces are single words, so that readers of HTML and CSS take them for what stands there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from clarion.records.templating.design.pieces import Kind, Piece

_PRIVATE_USE = (range(0xE000, 0xF900), range(0xF0000, 0xFFFFE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """`texts` with `⟨mark⟩7⟨mark⟩` for the seventh of `pieces`. The mark occurs nowhere else in them; it is a letter to
    CSS and to HTML, which leave letters alone. `seal` matches one sealed piece; its group is the number."""

    texts: tuple[str, ...]
    pieces: tuple[Piece, ...]
    seal: "re.Pattern[str]"

    def opened(self, text: str) -> str:
        """A text made of ours, with every sealed piece as it was written."""
        return self.seal.sub(lambda found: self.piece(found).text, text)

    def piece(self, found: "re.Match[str]") -> Piece:
        """The piece that a match of `seal` stands for."""
        return self.pieces[int(found[1])]


def seal(*groups: Iterable[Piece]) -> Sealed:
    """Each group of pieces as one text, all under one mark."""
    kept = [list(group) for group in groups]
    used = {letter for group in kept for piece in group if piece.kind is Kind.TEXT for letter in piece.text}
    mark = next(chr(code) for area in _PRIVATE_USE for code in area if chr(code) not in used)
    hidden: list[Piece] = []
    texts: list[str] = []
    for group in kept:
        words: list[str] = []
        for piece in group:
            if piece.kind is Kind.TEXT:
                words.append(piece.text)
            else:
                words.append(f"{mark}{len(hidden)}{mark}")
                hidden.append(piece)
        texts.append("".join(words))
    return Sealed(texts=tuple(texts), pieces=tuple(hidden), seal=re.compile(f"{mark}([0-9]+){mark}"))
