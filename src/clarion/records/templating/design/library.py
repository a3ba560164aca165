"""The shipped layouts, partials and their style sheet, read once from the files beside this one.

A partial begins with a comment that names its parameters and what they are unless given: `{#- label, url, align=""
-#}`; those without a default must be given. `button.html` is its form in HTML, `button.txt` that in text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from clarion.records.templating.design.calls import parameters
from clarion.records.templating.design.pieces import Kind, Piece, cut

ALIASES: Mapping[str, str] = {"base_email_template": "base"}
"""Names under which the documents call a layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`html` is the mail, `text` what its text alternative is made by; `blocks` are the names that may be filled."""

    html: tuple[Piece, ...]
    text: tuple[Piece, ...]
    blocks: frozenset[str]
    text_blocks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partial:
    """`parameters`: name → expression used unless given, None where it must be. `html` and `text` are its two forms;
    None where it has no such form."""

    parameters: Mapping[str, str | None]
    html: tuple[Piece, ...] | None
    text: tuple[Piece, ...] | None

    def form(self, *, html: bool) -> tuple[Piece, ...] | None:
        """The form for a field; where there is only the text, it serves for HTML, too."""
        return (self.html or self.text) if html else self.text


@lru_cache(maxsize=1)
def layouts() -> Mapping[str, Layout]:
    """All layouts by name."""
    return {_stem(file): _layout(file) for file in _folder("layouts") if file.name.endswith(".html")}


@lru_cache(maxsize=1)
def partials() -> Mapping[str, Partial]:
    """All partials by name."""
    names = dict.fromkeys(_stem(file) for file in _folder("partials"))
    return {name: _partial(name) for name in names}


@lru_cache(maxsize=1)
def style_sheet() -> tuple[Piece, ...]:
    """The rules that are written into the tags; what a mail's head must keep stands in the layout."""
    return _shipped(files(__package__).joinpath("design.css").read_text("utf-8"))


def _folder(name: str) -> list[Traversable]:
    return sorted(files(__package__).joinpath(name).iterdir(), key=lambda file: file.name)


def _stem(file: Traversable) -> str:
    return file.name.rpartition(".")[0]


def _layout(file: Traversable) -> Layout:
    html = _shipped(file.read_text("utf-8"))
    text = _shipped(files(__package__).joinpath("layouts", f"{_stem(file)}.txt").read_text("utf-8"))
    return Layout(html=html, text=text, blocks=_blocks(html), text_blocks=_blocks(text))


def _blocks(pieces: Iterable[Piece]) -> frozenset[str]:
    return frozenset(piece.inside.split()[1] for piece in pieces if piece.word == "block")


def _partial(name: str) -> Partial:
    folder = files(__package__).joinpath("partials")
    forms: dict[str, tuple[Piece, ...]] = {}
    header = ""
    for kind in ("txt", "html"):
        file = folder.joinpath(f"{name}.{kind}")
        if file.is_file():
            header, _, body = file.read_text("utf-8").partition("-#}")
            forms[kind] = _shipped(body.strip())
    return Partial(parameters=parameters(header.removeprefix("{#-")), html=forms.get("html"), text=forms.get("txt"))


def _shipped(source: str) -> tuple[Piece, ...]:
    """Pieces without a line: no fault of theirs is the author's."""
    return tuple(
        Piece(kind=piece.kind, text=piece.text, inside=piece.inside, word=piece.word)
        for piece in cut(source)
        if piece.kind is not Kind.TEXT or piece.text
    )
