"""What a reader of HTML must not be given: it dies of too many elements in one another, and copies unclosed ones.

HTML's own rules say that `<b>`, `<a>` and their like, when they are not closed, begin anew in each block that follows.
A few hundred of them in a few hundred paragraphs are a million elements; and a tree that is ten thousand deep ends the
process. Both are found out here from the tags alone, never with fewer of them than a browser would find.
"""

import re
from collections.abc import Iterable

MOST_TAGS = 3_000
MOST_UNCLOSED = 60
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)
_START = re.compile(r"<[a-zA-Z]")
_TOKEN = re.compile(
    r"""<!--|<[!?][^>]*+>?|<(/?)([a-zA-Z][^\s/>]*+)((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)(>?)""", re.IGNORECASE
)
_COMMENT_END = re.compile("--!?>")


def count_starts(html: str) -> int:
    """How many tags can begin at most, wherever quotes and comments are thought to end."""
    return len(_START.findall(html))


def most_unclosed(tags: Iterable[tuple[str, bool]]) -> int:
    """The most formatting elements that are open at once. `tags`: names in small letters, and whether it is an end
    tag. An end tag closes the element that was opened last, or nothing: a browser closes no fewer than these."""
    opened: list[str] = []
    formatting = most = 0
    for name, closing in tags:
        if not closing:
            if name not in _VOID:
                opened.append(name)
                formatting += name in _FORMATTING
                most = max(most, formatting)
        elif opened and opened[-1] == name:
            formatting -= opened.pop() in _FORMATTING
    return most


def is_tame(html: str) -> bool:
    """Whether its tree is sure to be small: few tags, all of which end, and few formatting elements left open."""
    if count_starts(html) > MOST_TAGS:
        return False
    tags: list[tuple[str, bool]] = []
    at = 0
    while found := _TOKEN.search(html, at):
        at = found.end()
        if found.group() == "<!--":
            end = _comment_end(html, at)
            at = len(html) if end < 0 else end
        elif found[2]:
            if not found[4]:
                return False
            tags.append((found[2].lower(), bool(found[1])))
    return most_unclosed(tags) <= MOST_UNCLOSED


def _comment_end(html: str, at: int) -> int:
    """Where the comment ends whose text begins at `at`; `<!-->` is one that is over at once."""
    found = _COMMENT_END.search(html, at - 2)
    while found and found.group() == "--!>" and found.start() < at:
        found = _COMMENT_END.search(html, found.start() + 1)
    return found.end() if found else -1
