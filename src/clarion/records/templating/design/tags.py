"""Where the tags of an HTML source begin and end. Linear in its length; changes nothing and corrects nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")
_ENDS = re.compile("[\"'>]")
RAW = frozenset({"style", "script", "title", "textarea", "xmp", "noscript"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A start tag: `source[start:end]` is all of it, `source[start:name_end]` is `<td`. `inside_end` is where the
    content of a raw element (style, title, …) ends, and `end` itself for the others."""

    name: str
    start: int
    name_end: int
    end: int
    inside_end: int


def start_tags(source: str) -> Iterator[Tag]:
    """The start tags in order; those in comments and in raw elements are none."""
    lower = source.lower()
    at = 0
    while (at := source.find("<", at)) >= 0:
        if source.startswith("<!--", at):
            at = _after(source, "-->", at + 2)
            continue
        name = _NAME.match(source, at + 1)
        if name is None:
            at += 1
            continue
        end = _tag_end(source, name.end())
        if end < 0:
            return
        low = name.group().lower()
        inside_end = end
        if low in RAW:
            found = lower.find(f"</{low}", end)
            inside_end = found if found >= 0 else len(source)
        yield Tag(name=low, start=at, name_end=name.end(), end=end, inside_end=inside_end)
        at = inside_end


def end_tags_closed(source: str, at: int) -> int:
    """The index after the end tag that begins at `at`."""
    return _after(source, ">", at)


def _after(source: str, mark: str, at: int) -> int:
    found = source.find(mark, at)
    return len(source) if found < 0 else found + len(mark)


def _tag_end(source: str, at: int) -> int:
    """The index after the `>` that ends the tag, minding quotes; -1 where there is none."""
    while found := _ENDS.search(source, at):
        if found.group() == ">":
            return found.end()
        close = source.find(found.group(), found.end())
        if close < 0:
            return -1
        at = close + 1
    return -1
