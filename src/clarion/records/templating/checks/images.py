"""Images: an address and a text alternative (WCAG 1.1.1)."""

import re
from collections.abc import Iterator
from itertools import islice

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import MOST_LOCATED, Where, of_tag
from clarion.records.templating.checks.tags import Tag, read_tags

_DARK = re.compile(r"(?<![a-z])(?:black|dark)(?![a-z])", re.IGNORECASE)
_TRANSPARENT = re.compile(r"\.(?:png|svg|gif|webp)(?:$|[?#])", re.IGNORECASE)


def check_images(case: Case) -> Iterator[Finding]:
    """Every image of every locale's HTML; each place once, however often a loop repeats it."""
    for piece in case.of(ChannelKey.EMAIL):
        said: set[tuple[Code, Where, str]] = set()
        tags = read_tags(piece.rendered.get("html", "")) if "html" in piece.source else iter(())
        faults = ((tag, *fault) for tag in tags if tag.name == "img" and not tag.closing for fault in _faults(tag))
        for tag, code, message in islice(faults, MOST_LOCATED):
            place = of_tag(piece.source["html"], tag)
            if (code, place, message) not in said:
                said.add((code, place, message))
                yield piece.say(code, message, field="html", place=place)


def _faults(tag: Tag) -> Iterator[tuple[Code, str]]:
    source = tag.attrs.get("src", "").strip()
    if "alt" not in tag.attrs:
        yield Code.IMAGE_NO_ALT, f"{_name(source) or 'an image'} has no alt"
    if not source:
        yield Code.IMAGE_NO_SOURCE, "an image has no src"
    style = tag.attrs.get("style", "")
    if _TRANSPARENT.search(source) and _DARK.search(_name(source)) and "background" not in style:
        yield Code.DARK_BLACK_IMAGE, f"{_name(source)} seems to be dark and has no background of its own"


def _name(source: str) -> str:
    return source.partition("?")[0].rpartition("/")[2][:60]
