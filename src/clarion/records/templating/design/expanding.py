"""Partials, colours and words put in place, as text. Layouts and their blocks are put together in layering.py."""

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from clarion.records.templating.design.calls import Used, read_call
from clarion.records.templating.design.library import partials
from clarion.records.templating.design.pieces import Kind, Piece, fault
from clarion.records.templating.design.words import Language
from clarion.records.templating.engine.errors import TemplateError, TemplateErrorCode
from clarion.records.templating.engine.limits import MAX_SOURCE

MOST_LEVELS = 6
MOST_INCLUDES = 200
_GIVEN = re.compile(r"(theme|word|lang)\.(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a content is set: its colours and its language. `html`: whether the field holds HTML."""

    colors: Mapping[str, str]
    language: Language
    html: bool = True


class Expansion:
    """One field being expanded: counts what it has taken in."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._included = 0
        self._length = 0

    def resolve(self, pieces: Iterable[Piece], level: int = 0, line: int = 0) -> list[Piece]:
        """Partials in the place of `include`, colours and words in the place of `theme.…`, `word.…` and `lang.…`."""
        out: list[Piece] = []
        for piece in pieces:
            if piece.word == "include":
                out += self._include(read_call(piece), level, piece.line or line)
            elif piece.word in ("extends", "block", "endblock"):
                raise fault(f"{piece.word} stands where it cannot: see docs/reference/email-designs.md", piece.line)
            else:
                out.append(self._counted(self._given(piece), line))
        return out

    def _include(self, used: Used, level: int, line: int) -> list[Piece]:
        partial = partials().get(used.name)
        if partial is None:
            raise fault(f"there is no partial named {used.name[:50]!r}; there are: {', '.join(partials())}", line)
        form = partial.form(html=self._style.html)
        if form is None:
            raise fault(f"the partial {used.name!r} is HTML and cannot stand in this field", line)
        self._included += 1
        if level >= MOST_LEVELS or self._included > MOST_INCLUDES:
            raise TemplateError(TemplateErrorCode.TOO_LARGE, "too many partials: include fewer", line=line)
        bound = _bound(used, partial.parameters, line)
        inner = self.resolve(form, level + 1, line)
        if not bound:
            return inner
        words = ", ".join(f"{name}={value}" for name, value in bound.items())
        begin = Piece(kind=Kind.STATEMENT, text=f"{{% with {words} %}}", line=line, word="with")
        return [self._counted(begin, line), *inner, Piece(kind=Kind.STATEMENT, text="{% endwith %}", word="endwith")]

    def _given(self, piece: Piece) -> Piece:
        found = _GIVEN.fullmatch(piece.inside) if piece.kind is Kind.EXPRESSION else None
        if found is None:
            return piece
        kind, name = found.groups()
        value = self._value(kind, name)
        if value is None:
            raise fault(f"there is no {kind}.{name[:50]}", piece.line)
        expression = value.startswith("{{")
        return replace(piece, kind=Kind.EXPRESSION if expression else Kind.TEXT, text=value, inside="")

    def _value(self, kind: str, name: str) -> str | None:
        style = self._style
        match kind:
            case "theme":
                return style.colors.get(name)
            case "word":
                words = style.language.words.get(name)
                return html.escape(words) if words is not None and style.html else words
        sides = {"code", "dir", "start", "end"}
        return str(getattr(style.language, name)) if name in sides else None

    def _counted(self, piece: Piece, line: int) -> Piece:
        self._length += len(piece.text)
        if self._length > MAX_SOURCE:
            message = f"with its layout and partials the template is longer than {MAX_SOURCE} characters"
            raise TemplateError(TemplateErrorCode.TOO_LARGE, message, line=piece.line or line)
        return piece


def _bound(used: Used, known: Mapping[str, str | None], line: int) -> dict[str, str]:
    """Parameter → expression, for those that are not simply the variable of the same name."""
    for name in used.arguments:
        if name not in known:
            raise fault(f"{used.name!r} has no parameter {name[:50]!r}; it has: {', '.join(known) or 'none'}", line)
    missing = [name for name, default in known.items() if default is None and name not in used.arguments]
    if missing:
        raise fault(f"{used.name!r} needs {', '.join(missing)}", line)
    bound = {name: used.arguments.get(name, default) or "''" for name, default in known.items()}
    return {name: value for name, value in bound.items() if value != name}
