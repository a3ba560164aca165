"""The HTML of a mail: tags that end, elements that mail programs keep, words for screen readers."""

from collections.abc import Iterator, Sequence

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import NOWHERE, Where, at_offset, of_tag
from clarion.records.templating.checks.tags import VOID, Tag, masked, read_tags

# https://html.spec.whatwg.org/multipage/syntax.html#optional-tags
_MAY_STAY_OPEN = frozenset(
    {
        "p", "li", "td", "th", "tr", "tbody", "thead", "tfoot", "html", "body", "head", "dt", "dd", "colgroup",
        "option",
    }
)  # fmt: skip
_REMOVED = frozenset(
    {
        "script", "form", "input", "button", "select", "textarea", "iframe", "object", "embed", "audio", "video",
        "canvas",
    }
)  # fmt: skip


def check_structure(case: Case) -> Iterator[Finding]:
    """Every locale's HTML."""
    for piece in case.of(ChannelKey.EMAIL):
        if piece.rendered.get("html", "").strip() and "html" in piece.source:
            tags = read_tags(piece.rendered["html"])
            yield from _ends(piece, tags)
            yield from _elements(piece, tags)
            yield from _document(piece, tags)


def _ends(piece: Piece, tags: Sequence[Tag]) -> Iterator[Finding]:
    source = piece.source["html"]
    half = next((tag for tag in tags if tag.name and not tag.whole), None)
    if half is not None:
        written = next((tag for tag in read_tags(masked(source)) if tag.name and not tag.whole), None)
        place = at_offset(source, written.start) if written else NOWHERE
        yield piece.say(Code.HTML_HALF_OPEN, f"<{half.name} has no >", field="html", place=place)
        return
    odd = _odd(tags)
    if odd is not None:
        what = f"</{odd.name}> closes nothing" if odd.closing else f"<{odd.name}> is not closed"
        yield piece.say(Code.HTML_UNCLOSED, what, field="html", place=_odd_place(source, odd))


def _odd(tags: Sequence[Tag]) -> Tag | None:
    """The first element that is not closed, or end tag that closes nothing; None when all is well."""
    stack: list[Tag] = []
    for tag in tags:
        if not tag.name or tag.name in VOID:
            continue
        if not tag.closing:
            stack.append(tag)
            continue
        at = next((at for at in range(len(stack) - 1, -1, -1) if stack[at].name == tag.name), None)
        if at is None:
            return tag
        left = [each for each in stack[at + 1 :] if each.name not in _MAY_STAY_OPEN]
        if left:
            return left[0]
        del stack[at:]
    return next((tag for tag in stack if tag.name not in _MAY_STAY_OPEN), None)


def _odd_place(source: str, odd: Tag) -> Where:
    """The same fault in the source where it shows there, too; else the tag itself."""
    written = _odd(read_tags(masked(source)))
    if written is not None and (written.name, written.closing) == (odd.name, odd.closing):
        return at_offset(source, written.start)
    return of_tag(source, odd)


def _elements(piece: Piece, tags: Sequence[Tag]) -> Iterator[Finding]:
    source = piece.source["html"]
    said: set[str] = set()
    for at, tag in enumerate(tags):
        if tag.closing or not tag.name:
            continue
        if tag.name in _REMOVED and tag.name not in said:
            said.add(tag.name)
            message = f"<{tag.name}> does not work in mail"
            yield piece.say(Code.HTML_UNSUPPORTED, message, field="html", place=of_tag(source, tag))
        if tag.name == "table" and "table" not in said and "role" not in tag.attrs and not _has_headings(tags, at):
            said.add("table")
            yield piece.say(Code.TABLE_NO_ROLE, field="html", place=of_tag(source, tag))


def _has_headings(tags: Sequence[Tag], at: int) -> bool:
    """Whether the table that begins here has a heading of its own."""
    depth = 0
    for tag in tags[at:]:
        if tag.name == "table":
            depth += -1 if tag.closing else 1
            if not depth:
                return False
        if tag.name in ("th", "caption") and depth == 1:
            return True
    return False


def _document(piece: Piece, tags: Sequence[Tag]) -> Iterator[Finding]:
    """What a whole document needs; a fragment is put into one by the mail program."""
    root = next((tag for tag in tags if tag.name == "html" and not tag.closing), None)
    if root is None:
        return
    place = of_tag(piece.source["html"], root)
    if not root.attrs.get("lang", "").strip():
        yield piece.say(Code.HTML_NO_LANG, field="html", place=place)
    title = next((at for at, tag in enumerate(tags) if tag.name == "title" and not tag.closing), None)
    if title is None or not (title + 1 < len(tags) and tags[title + 1].text.strip()):
        yield piece.say(Code.HTML_NO_TITLE, field="html", place=place)
