"""HTML as a line of tags and texts with their offsets; forgiving, linear, for finding places. No tree here."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
RAW = frozenset({"style", "script", "title", "textarea"})
LONGEST_VALUE = 20_000
"""Of an attribute; without a bound, quotes that are never closed would be looked for again and again."""
MASK = "\x01"
"""Stands for a tag or expression of the template language, one for each of its characters."""

_NAME = re.compile(r"(/?)([a-zA-Z][a-zA-Z0-9:-]*)")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=\x01]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""")
_START = re.compile(r"<(?=/?[a-zA-Z]|!|\?)")
_END = re.compile("[\"'<>]")
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u034f\ufeff\u2007\u00a0]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start or end tag; `text` is set instead for what stands between tags. `whole`: it has its `>`."""

    name: str = ""
    closing: bool = False
    attrs: dict[str, str] = field(default_factory=dict)
    text: str = ""
    start: int = 0
    end: int = 0
    whole: bool = True


def masked(source: str) -> str:
    """The source with every tag, expression and comment of the template language replaced, at the same length."""
    return _JINJA.sub(lambda found: re.sub(r"[^\n]", MASK, found.group()), source)


@lru_cache(maxsize=8)
def read_tags(source: str) -> tuple[Tag, ...]:
    """Tags and texts in order; comments and declarations are left out. Several checks read the same mail."""
    return tuple(_read(source))


def _read(source: str) -> Iterator[Tag]:
    at, end = 0, len(source)
    while at < end:
        found = _START.search(source, at)
        start = found.start() if found else end
        if start > at:
            yield Tag(text=source[at:start], start=at, end=start)
        if not found:
            return
        at = start
        if source.startswith("<!--", at):
            close = source.find("-->", at + 2)  # `<!-->` is a whole comment
            at = end if close < 0 else close + 3
        elif source.startswith(("<!", "<?"), at):
            close = source.find(">", at)
            at = end if close < 0 else close + 1
        else:
            tag = _tag(source, at)
            yield tag
            at = tag.end
            if tag.name in RAW and not tag.closing:
                close = _raw_end(source, at, tag.name)
                if close > at:
                    yield Tag(text=source[at:close], start=at, end=close)
                at = close


def _tag(source: str, at: int) -> Tag:
    found = _NAME.match(source, at + 1)
    assert found is not None
    close, whole = _tag_end(source, found.end())
    attrs: dict[str, str] = {}
    for each in _ATTRIBUTE.finditer(source, found.end(), close):
        attrs.setdefault(each[1].lower(), html.unescape(each[2] or each[3] or each[4] or ""))
    return Tag(
        name=found[2].lower(),
        closing=bool(found[1]),
        attrs=attrs,
        start=at,
        end=close + 1 if whole else close,
        whole=whole,
    )


def _tag_end(source: str, at: int) -> tuple[int, bool]:
    """Where the tag's `>` is; or where the next tag, or the source's end, cuts it off. Quotes are minded."""
    while found := _END.search(source, at):
        mark, place = found.group(), found.start()
        if mark in "<>":
            return place, mark == ">"
        close = source.find(mark, place + 1, place + LONGEST_VALUE)
        inner = source.find("<", place + 1, close if close >= 0 else place + LONGEST_VALUE)
        if inner >= 0:
            return inner, False
        at = close + 1 if close >= 0 else min(len(source), place + LONGEST_VALUE)
    return len(source), False


def _raw_end(source: str, at: int, name: str) -> int:
    found = re.compile(f"</{name}", re.IGNORECASE).search(source, at)
    return found.start() if found else len(source)


def visible(text: str) -> str:
    """What a reader sees of a text: entities decoded, invisible characters out, blanks collapsed."""
    return " ".join(_INVISIBLE.sub(" ", html.unescape(text)).split())


def text_of(tags: Sequence[Tag]) -> str:
    """What a reader sees between tags."""
    return visible(" ".join(tag.text for tag in tags if tag.text))
