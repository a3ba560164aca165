"""Contrast of text and background (WCAG 2.2 AA, 1.4.3), as the mail is shown in the light and in the dark."""

from collections.abc import Iterator
from itertools import islice

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.case import Case, Piece
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.colors import contrast
from clarion.records.templating.checks.dark import knows_dark
from clarion.records.templating.checks.finding import Finding
from clarion.records.templating.checks.places import MOST_LOCATED, Where, of_tag
from clarion.records.templating.checks.styles import Seen, looks
from clarion.records.templating.checks.tags import visible

LEAST = 4.5
LEAST_LARGE = 3.0
LARGE = 24.0
LARGE_BOLD = 18.66


def check_contrast(case: Case) -> Iterator[Finding]:
    """Every locale's HTML; each place once a mode."""
    for piece in case.of(ChannelKey.EMAIL):
        html = piece.rendered.get("html", "")
        if "html" not in piece.source or not html.strip():
            continue
        yield from _faint(piece, looks(html, dark=False), Code.CONTRAST_LOW)
        # without a word about dark mode, programs invert the colours by themselves
        if knows_dark(html):
            yield from _faint(piece, looks(html, dark=True), Code.CONTRAST_LOW_DARK)


def _faint(piece: Piece, seen: list[Seen], code: Code) -> Iterator[Finding]:
    said: set[tuple[Where, str]] = set()
    faults = ((each, message) for each in seen if each.text and (message := _fault(each)))
    for each, message in islice(faults, MOST_LOCATED):
        place = of_tag(piece.source["html"], each.tag, each.text)
        colors = message.partition('": ')[2]
        if (place, colors) not in said:
            said.add((place, colors))
            yield piece.say(code, message, field="html", place=place)


def _fault(seen: Seen) -> str:
    """What is wrong with the contrast of a text; empty when it can be read, or nothing is known of its ground."""
    look, ground = seen.look, seen.look.ground
    if ground is None:
        return ""
    color = look.color.over(ground)
    ratio = contrast(color, ground)
    large = look.size >= LARGE or (look.bold and look.size >= LARGE_BOLD)
    least = LEAST_LARGE if large else LEAST
    # 4.499 is shown as 4.5 and passes: two digits are all that anybody measures
    if round(ratio, 2) >= least:
        return ""
    return f'"{visible(seen.text)[:30]}": {color.hex} on {ground.hex} is {ratio:.1f}:1, not {least:g}:1'
