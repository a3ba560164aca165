"""Where in a source a fault stands. Jinja knows the line; the column is looked for on it."""

import re

_BREAK = re.compile("\r\n|\r|\n")
_OPENING = re.compile(r"\{[{%#]")


def column_of(source: str, line: int, near: str = "") -> int:
    """The column (from 1) of the word `near` on a line (from 1), else of the first tag, else of the first character;
    0 where there is no such line."""
    lines = _BREAK.split(source)
    if not 0 < line <= len(lines):
        return 0
    text = lines[line - 1]
    opening = _OPENING.search(text)
    start = opening.start() if opening else 0
    if near:
        found = re.compile(rf"(?<!\w){re.escape(near)}(?!\w)").search(text, start)
        if found:
            return found.start() + 1
    return start + 1 if opening else len(text) - len(text.lstrip()) + 1
