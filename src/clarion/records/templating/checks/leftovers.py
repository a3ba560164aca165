"""What a draft leaves behind: braces, placeholders of other systems, words of the program, HTML in plain text."""

import re
from collections.abc import Iterator

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import NOWHERE, at_offset, of_text
from clarion.records.templating.checks.tags import MASK, masked, read_tags

_BRACES = re.compile(r"\{\{|\}\}|\{%|%\}|\{#|#\}")
_PLACEHOLDERS = re.compile(
    r"\[\[ ?\w[\w .|-]*\]\]|\$\{\w+\}|%%\w+%%|\*\|\w+\|\*|<%=?.{0,40}?%>|%\(\w+\)[sd]|(?<![\w{])\{[a-z_]+\}(?!\})"
    r"|\blorem ipsum\b|\b(?:TODO|FIXME|XXX|TBD)\b|\[(?:NAME|DATE|LINK|URL|INSERT[ \w]*|YOUR [\w ]+)\]",
    re.IGNORECASE,
)
_WORKING = re.compile(r"\b(?:todo|xxx|tbd|fixme)\b")
_VALUES = re.compile(r"(?<![\w.])(?:None|undefined|NaN|nan|null|\[object Object\])(?![\w])")
_MARKUP = re.compile(
    r"</?(?:p|br|b|i|u|strong|em|a|div|span|table|tr|td|h[1-6]|ul|ol|li|img|font)\b[^<>]*>|&(?:nbsp|amp|lt|gt|quot|#\d+);",
    re.IGNORECASE,
)


def check_leftovers(case: Case) -> Iterator[Finding]:
    """Every rendered field, and of HTML what a reader sees."""
    for piece in case.in_time():
        html = {spec.name for spec in channel_of(piece.channel).fields if spec.html}
        for name, source, rendered in piece.texts():
            seen = _seen(rendered) if name in html else rendered
            yield from _braces(piece, name, source, seen)
            yield from _placeholders(piece, name, source, seen)
            yield from _values(piece, name, source, seen)
            if name not in html and piece.channel != ChannelKey.WEBHOOK:
                yield from _markup(piece, name, source, rendered)


def _seen(html: str) -> str:
    """Texts and attributes; styles and scripts use braces rightly."""
    pieces = []
    silent = False
    for tag in read_tags(html):
        if tag.name in ("style", "script"):
            silent = not tag.closing
        elif not silent:
            pieces.append(tag.text or " ".join(tag.attrs.values()))
    return " ".join(pieces)


def _braces(piece: Piece, name: str, source: str, seen: str) -> Iterator[Finding]:
    found = _BRACES.search(seen)
    if found:
        offset = masked(source).find(found.group())
        place = at_offset(source, offset) if offset >= 0 else NOWHERE
        yield piece.say(Code.LEFTOVER_BRACES, f"{found.group()} stands in the rendered {name}", field=name, place=place)


def _placeholders(piece: Piece, name: str, source: str, seen: str) -> Iterator[Finding]:
    for found in _PLACEHOLDERS.finditer(seen):
        word = found.group()
        if _WORKING.fullmatch(word):  # "todo" is a word of Spanish; "TODO" is not
            continue
        place = of_text(source, word)
        if place != NOWHERE:
            yield piece.say(Code.LEFTOVER_PLACEHOLDER, f"{word[:40]} remains in {name}", field=name, place=place)
            return


def _values(piece: Piece, name: str, source: str, seen: str) -> Iterator[Finding]:
    plain = masked(source)
    for found in _VALUES.finditer(seen):
        word = found.group()
        # what the author wrote is meant; what comes out of an expression is not
        if word not in plain:
            near = seen[max(0, found.start() - 12) : found.start()].rpartition("\n")[2]
            offset = plain.find(near + MASK) + len(near) if near and near + MASK in plain else plain.find(MASK)
            place = at_offset(source, offset) if offset >= 0 else NOWHERE
            yield piece.say(
                Code.LEFTOVER_VALUE, f"{word} comes out of an expression in {name}", field=name, place=place
            )
            return


def _markup(piece: Piece, name: str, source: str, rendered: str) -> Iterator[Finding]:
    found = _MARKUP.search(rendered)
    if found:
        place = of_text(source, found.group())
        message = f"{found.group()[:40]} is shown as it stands in {name}"
        yield piece.say(Code.MARKUP_IN_TEXT, message, field=name, place=place)
