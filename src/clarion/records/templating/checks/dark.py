"""Dark mode: does the mail say how it stands to it, and does what is light turn dark?"""

import re
from collections.abc import Iterator
from itertools import islice

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import MOST_LOCATED, Where, of_tag
from clarion.records.templating.checks.styles import dark_rules, looks
from clarion.records.templating.checks.tags import read_tags

LIGHT = 0.8
"""The luminance above which a large area dazzles."""
_COLORED = re.compile(r"(?:background|(?<![-\w])color)\s*[:=]|bgcolor\s*=", re.IGNORECASE)
_SCHEME_RULE = re.compile(r"(?<![-\w])color-scheme\s*:\s*[^;}]*dark", re.IGNORECASE)


def knows_dark(html: str) -> bool:
    """Whether the mail declares a dark scheme, by meta or CSS, or has rules for it."""
    return _declares(html) or bool(dark_rules(html).strip())


def _declares(html: str) -> bool:
    metas = (tag.attrs for tag in read_tags(html) if tag.name == "meta")
    return bool(_SCHEME_RULE.search(html)) or any(
        attrs.get("name", "").lower() == "color-scheme" and "dark" in attrs.get("content", "").lower()
        for attrs in metas
    )


def check_dark(case: Case) -> Iterator[Finding]:
    """Every locale's HTML that sets colours at all."""
    for piece in case.of(ChannelKey.EMAIL):
        html = piece.rendered.get("html", "")
        if "html" not in piece.source or not _COLORED.search(html):
            continue
        if not _says_anything(html):
            yield piece.say(Code.DARK_NO_SCHEME, field="html", place=_head(piece))
        elif knows_dark(html):
            yield from _light(piece, html)


def _says_anything(html: str) -> bool:
    """`light only` is an answer, too."""
    names = {tag.attrs.get("name", "").lower() for tag in read_tags(html) if tag.name == "meta"}
    return "color-scheme" in names or bool(re.search(r"(?<![-\w])color-scheme\s*:", html)) or knows_dark(html)


def _head(piece: Piece) -> Where:
    """Where the meta belongs."""
    opened = {tag.name: tag for tag in read_tags(piece.rendered["html"]) if not tag.closing}
    tag = opened.get("head") or opened.get("html")
    return of_tag(piece.source["html"], tag) if tag else (1, 1)


def _light(piece: Piece, html: str) -> Iterator[Finding]:
    """Grounds that are light in both modes; each colour once."""
    said: set[tuple[Where, str]] = set()
    grounds = ((seen, seen.look.ground) for seen in looks(html, dark=True) if seen.look.own_ground and not seen.text)
    light = ((seen, ground) for seen, ground in grounds if ground is not None and ground.luminance >= LIGHT)
    for seen, ground in islice(light, MOST_LOCATED):
        place = of_tag(piece.source["html"], seen.tag)
        if (place, ground.hex) not in said:
            said.add((place, ground.hex))
            message = f"<{seen.tag.name}> stays {ground.hex} in dark mode"
            yield piece.say(Code.DARK_FIXED_LIGHT, message, field="html", place=place)
