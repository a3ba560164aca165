"""From what was rendered back to where it was written."""

import re
from functools import lru_cache

from clarion.records.templating.checks.tags import MASK, Tag, masked, read_tags, visible

Where = tuple[int, int]
NOWHERE: Where = (0, 0)
MOST_LOCATED = 50
"""So many faults of a kind are looked for in one field's source; nobody mends more at a time."""
MOST_COMPARED = 2000
"""So many tags of a name are compared; what stands behind them is found without its place."""
# what the inliner and the layout may have changed
_LOOSE = frozenset({"style", "class", "width", "height", "bgcolor", "align", "role"})


def at_offset(source: str, offset: int) -> Where:
    """Line and column, both from 1."""
    return source.count("\n", 0, offset) + 1, offset - (source.rfind("\n", 0, offset) + 1) + 1


def of_text(source: str, text: str) -> Where:
    """Where a text first stands as it is; nowhere when it comes out of an expression."""
    offset = source.find(text) if text else -1
    return at_offset(source, offset) if offset >= 0 else NOWHERE


def of_value(source: str, value: str) -> Where:
    """Where a rendered value was written: as it is, or its longest beginning that ends at an expression."""
    found = of_text(source, value)
    for length in range(len(value) - 1, 7, -1) if found == NOWHERE else ():
        offset = source.find(value[:length] + "{{")
        if offset >= 0:
            return at_offset(source, offset)
    return found


@lru_cache(maxsize=32)
def _written(source: str) -> dict[str, list[tuple[Tag, str]]]:
    """The tags of a source by name, with the text that follows each."""
    tags = read_tags(masked(source))
    found: dict[str, list[tuple[Tag, str]]] = {}
    for at, tag in enumerate(tags):
        if tag.name:
            found.setdefault(tag.name, []).append((tag, tags[at + 1].text if at + 1 < len(tags) else ""))
    return found


def of_tag(source: str, tag: Tag, following: str = "") -> Where:
    """Where a rendered tag was written; nowhere when the layout brought it. `following`: the text behind it."""
    best, place = 0, NOWHERE
    for candidate, behind in _written(source).get(tag.name, [])[:MOST_COMPARED]:
        score = _likeness(candidate, tag)
        if not score:
            continue
        score += _same_text(behind, following)
        if score > best:
            best, place = score, at_offset(source, candidate.start)
    return place


def _likeness(written: Tag, rendered: Tag) -> int:
    """0: it cannot be this one."""
    if written.name != rendered.name or written.closing != rendered.closing:
        return 0
    score = 10
    for name, value in written.attrs.items():
        there = rendered.attrs.get(name, "")
        if name in _LOOSE:
            score += 2 * (value == there)
        elif not _fits(value, there):
            return 0
        else:
            score += 2 if MASK in value else 4
    extra = [name for name in rendered.attrs if name not in written.attrs and name not in _LOOSE]
    return max(1, score - 3 * len(extra))


def _fits(pattern: str, value: str) -> bool:
    if MASK not in pattern:
        return pattern == value
    parts = [re.escape(part) for part in re.split(f"{MASK}+", pattern)]
    return re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


def _same_text(behind: str, following: str) -> int:
    literal = visible(behind.split(MASK, maxsplit=1)[0])
    if not literal:
        return 0
    return 5 if visible(following).startswith(literal) else -5
