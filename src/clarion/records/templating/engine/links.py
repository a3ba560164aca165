"""The links of a rendered message: found, and replaced through a function. Pure; which links are replaced, and by what,
is up to the caller. Nothing calls it in a send unless tracking is asked for; the content checks use it to find links.

HTML is read in one pass, linear in its length, as browsers do: comments, scripts and styles have no links.
"""

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_SCAN = re.compile(r"<!--|<(script|style|title|textarea)(?=[\s/>])|<(?:a|area)(?=[\s/>])", re.IGNORECASE)
_RAW_END = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style", "title", "textarea")}
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
_BLANKS = re.compile(r"[\s/]*")
_URL = re.compile(r"""https?://[^\s<>"\u2028\u2029]+""", re.IGNORECASE)
_CLOSING = ".,;:!?'*_~"
_PAIRS = {")": "(", "]": "[", "}": "{"}

Replace = Callable[[str], str | None]
"""From a link's address to the one to put in its place; None leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLink:
    """A link and where its address stands in the source, without quotes. `url` is the address as a browser reads it:
    entities decoded, no blanks around it."""

    url: str
    start: int
    end: int


def links_in_html(source: str) -> Iterator[FoundLink]:
    """The `href` of every `a` and `area`, in order; of one that is given twice the first, as browsers do."""
    at = 0
    while found := _SCAN.search(source, at):
        if found.group() == "<!--":
            end = source.find("-->", found.end() - 2)  # `<!-->` is a whole comment
            at = len(source) if end < 0 else end + 3
        elif found[1]:
            closed = _RAW_END[found[1].lower()].search(source, found.end())
            at = closed.end() if closed else len(source)
        else:
            link, at = _href(source, found.end())
            if link is not None:
                yield link


def _href(source: str, at: int) -> tuple[FoundLink | None, int]:
    """The link of the tag whose attributes begin at `at`, and where the tag ends."""
    link: FoundLink | None = None
    while True:
        at = _BLANKS.match(source, at).end()  # type: ignore[union-attr]
        if at == len(source) or source[at] == ">":
            return link, at
        found = _ATTRIBUTE.match(source, at)
        if found is None:
            at += 1
            continue
        group = found.lastindex or 1
        if link is None and group > 1 and found[1].lower() == "href":
            url = html.unescape(found[group]).strip(" \t\r\n\f")
            link = FoundLink(url=url, start=found.start(group), end=found.end(group))
        at = found.end()


def links_in_text(source: str) -> Iterator[FoundLink]:
    """Every http and https address in a plain text; the full stop after it, or the bracket around it, is not part."""
    for found in _URL.finditer(source):
        url = _trimmed(found.group())
        yield FoundLink(url=url, start=found.start(), end=found.start() + len(url))


def _trimmed(url: str) -> str:
    end = len(url)
    counts = {sign: url.count(sign) for pair in _PAIRS.items() for sign in pair}
    while end:
        last = url[end - 1]
        if last in _PAIRS:
            if counts[last] <= counts[_PAIRS[last]]:
                break
            counts[last] -= 1
        elif last not in _CLOSING:
            break
        end -= 1
    return url[:end]


def replaced_in_html(source: str, replace: Replace) -> str:
    """The HTML with other addresses behind its links; what is put in is escaped and in quotes."""
    return _replaced(source, links_in_html(source), replace, _quoted)


def replaced_in_text(source: str, replace: Replace) -> str:
    """The text with other addresses in it."""
    return _replaced(source, links_in_text(source), replace, lambda url, source, link: url)


def _quoted(url: str, source: str, link: FoundLink) -> str:
    escaped = html.escape(url)
    return escaped if source[link.start - 1] in "\"'" else f'"{escaped}"'


def _replaced(
    source: str, links: Iterator[FoundLink], replace: Replace, written: Callable[[str, str, FoundLink], str]
) -> str:
    pieces: list[str] = []
    at = 0
    for link in links:
        url = replace(link.url)
        if url is None or url == link.url:
            continue
        pieces += [source[at : link.start], written(url, source, link)]
        at = link.end
    return "".join([*pieces, source[at:]])
