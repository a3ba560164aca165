"""A linear reader of HTML: tags and text, for the plain text of a mail and for looking at its links.

Not a sanitiser: what the template's author wrote stays. `html.parser` is avoided here because its time is quadratic
for hostile input on the Python patch levels we support.
"""

import html
import re
from collections.abc import Iterator

_ENDS = re.compile("[\"'>]")
_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9]*")
_BLANKS = re.compile(r"[ \t\r\n\f\v]+")
_ATTRIBUTE = re.compile(r"""(?<![a-zA-Z:-])([a-zA-Z:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_BLOCKS = frozenset(
    (
        "p",
        "div",
        "section",
        "article",
        "header",
        "footer",
        "table",
        "ul",
        "ol",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "pre",
        "center",
        "main",
        "form",
    )
)
_LINES = frozenset(("br", "tr", "hr", "dt", "dd"))
_SILENT = frozenset(("head", "style", "script", "title", "template"))


def tokens(source: str) -> Iterator[tuple[str, str]]:
    """`(tag, "")` with the tag's inside, or `("", text)`, in order; comments are left out. Linear in the length."""
    at, end = 0, len(source)
    while at < end:
        start = source.find("<", at)
        if start < 0:
            yield "", source[at:]
            return
        if start > at:
            yield "", source[at:start]
        if source.startswith("<!--", start):
            close = source.find("-->", start + 2)  # `<!-->` is a whole comment
            at = end if close < 0 else close + 3
        elif _NAME.match(source, start + 1) or source.startswith(("<!", "<?"), start):
            close = _tag_end(source, start + 1)
            yield source[start + 1 : close], ""
            at = close + 1
        else:
            yield "", "<"
            at = start + 1


def _tag_end(source: str, at: int) -> int:
    """Index of the `>` that ends the tag, minding quotes; the end of the source when there is none."""
    while found := _ENDS.search(source, at):
        if found.group() == ">":
            return found.start()
        close = source.find(found.group(), found.end())
        if close < 0:
            return len(source)
        at = close + 1
    return len(source)


def without_tags(source: str) -> str:
    """The text alone, entities decoded, blanks collapsed."""
    return _BLANKS.sub(" ", html.unescape("".join(text for tag, text in tokens(source) if not tag))).strip()


def attributes(tag: str) -> dict[str, str]:
    """Names (lower case) and decoded values of a tag's inside; of one that is given twice the first, as browsers do."""
    found: dict[str, str] = {}
    for m in _ATTRIBUTE.finditer(tag):
        found.setdefault(m[1].lower(), html.unescape(m[2] or m[3] or m[4] or ""))
    return found


def as_text(source: str) -> str:
    """The readable text of a mail: paragraphs, list items, cells apart, links as `text (address)`."""
    out: list[str] = []
    silent = ""
    link = ""
    for tag, text in tokens(source):
        if text:
            if not silent:
                out.append(_BLANKS.sub(" ", html.unescape(text)))
            continue
        found = _NAME.match(tag)
        name = found.group().lower() if found else ""
        if silent:
            silent = "" if name == "/" + silent else silent
        elif name in _SILENT and not tag.endswith("/"):
            silent = name
        elif name == "a":
            link = attributes(tag).get("href", "")
        elif name == "/a":
            out.append(_link_suffix(out, link))
            link = ""
        else:
            out.append(_separator(name, tag))
    return _tidy("".join(out))


def _link_suffix(out: list[str], link: str) -> str:
    shown = out[-1].strip() if out else ""
    return f" ({link})" if link.startswith(("http://", "https://")) and shown != link else ""


def _separator(name: str, tag: str) -> str:
    bare = name.lstrip("/")
    if bare in _BLOCKS:
        return "\n\n"
    if name == "li":
        return "\n- "
    if bare in _LINES and (name == "br" or name == "hr" or name.startswith("/")):
        return "\n"
    if name in ("/td", "/th"):
        return " "
    return attributes(tag).get("alt", "") if name == "img" else ""


def _tidy(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return "\n".join(line for at, line in enumerate(lines) if line or (at and lines[at - 1])).strip()
