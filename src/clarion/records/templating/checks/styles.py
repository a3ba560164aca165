"""What every text of a mail looks like: colour, background and size, computed from inline styles and <style> rules.

The rules are put into the elements by css-inline; then the elements are walked with what they hand down. Dark mode is
the same with the rules of `@media (prefers-color-scheme: dark)` behind the others.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import css_inline

from clarion.records.templating.checks.colors import BLACK, NONE, WHITE, Color, parse_color
from clarion.records.templating.checks.tags import VOID, Tag, read_tags, visible
from clarion.records.templating.design.nesting import count_starts, is_tame

MOST_MEDIA = 20
MOST_MATCHES = 2_000_000
DARK_CANVAS = Color(red=0.07, green=0.07, blue=0.07)
_LINK_LIGHT = Color(red=0, green=0, blue=0.93)
_LINK_DARK = Color(red=0.55, green=0.71, blue=0.97)
_DARK_MEDIA = re.compile(r"@media[^{]*\(\s*prefers-color-scheme\s*:\s*dark\s*\)[^{]*\{", re.IGNORECASE)
_PIXELS = re.compile(r"([\d.]+)(px|pt|em|rem|%)?")
_SIZE = re.compile(r"[\d.]+(?:px|pt|em|rem|%)")
_WEIGHT = re.compile(r"bold|bolder|normal|lighter|[1-9]00")
_SKIPPED = frozenset({"head", "style", "script", "title", "template"})
_SIZES = {"h1": 32.0, "h2": 24.0, "h3": 18.72, "small": 13.0}
_BOLD = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "th"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text in an element looks. `ground` None: a picture or gradient, of which nothing is known. `own_ground`: the
    element itself paints one."""

    color: Color = BLACK
    ground: Color | None = WHITE
    size: float = 16.0
    bold: bool = False
    hidden: bool = False
    own_ground: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A text with the element it stands in, or (without text) an element that paints a ground."""

    tag: Tag
    text: str
    look: Look


def dark_rules(html: str) -> str:
    """The rules inside of `@media (prefers-color-scheme: dark)`, as text."""
    found = (_block(style, media.end()) for style in _sheets(html) for media in _DARK_MEDIA.finditer(style))
    return "\n".join(islice(found, MOST_MEDIA))


def _sheets(html: str) -> list[str]:
    """The text of every `<style>`."""
    tags = read_tags(html)
    return [after.text for tag, after in pairwise(tags) if tag.name == "style" and not tag.closing and after.text]


def _block(css: str, at: int) -> str:
    """Up to the brace that closes the block that was opened before `at`."""
    depth = 1
    for place in range(at, len(css)):
        depth += (css[place] == "{") - (css[place] == "}")
        if not depth:
            return css[at:place]
    return css[at:]


def looks(html: str, *, dark: bool) -> list[Seen]:
    """Every visible text and painted ground, in order. Empty when the CSS cannot be read, or it would take too long."""
    if not _is_bounded(html):
        return []
    whole = html
    if dark:
        rules = f"<style>{dark_rules(html)}</style>"
        head = re.search(r"</head>", html, re.IGNORECASE)
        whole = html[: head.start()] + rules + html[head.start() :] if head else rules + html
    try:
        inlined = css_inline.inline(whole, load_remote_stylesheets=False, keep_style_tags=False)
    except (css_inline.InlineError, ValueError):
        return []
    root = Look(color=WHITE, ground=DARK_CANVAS) if dark else Look()
    return list(_walk(read_tags(inlined), root, _LINK_DARK if dark else _LINK_LIGHT))


def _is_bounded(html: str) -> bool:
    """The inliner's stack is finite (it dies on 10,000 nested elements), and it tries every rule on every element."""
    rules = sum(style.count("{") + style.count(",") for style in _sheets(html))
    return rules * count_starts(html) <= MOST_MATCHES and is_tame(html)


def _walk(tags: Sequence[Tag], root: Look, link: Color) -> Iterator[Seen]:
    stack: list[tuple[Tag, Look]] = [(Tag(name="html"), root)]
    skipping = ""
    for tag in tags:
        if skipping:
            skipping = "" if tag.closing and tag.name == skipping else skipping
        elif tag.text:
            element, look = stack[-1]
            if not look.hidden and visible(tag.text):
                yield Seen(tag=element, text=tag.text, look=look)
        elif tag.closing:
            at = next((at for at in range(len(stack) - 1, 0, -1) if stack[at][0].name == tag.name), None)
            if at is not None:
                del stack[at:]
        elif tag.name in _SKIPPED:
            skipping = tag.name
        elif tag.name not in VOID:
            look = _look(tag, stack[-1][1], link)
            stack.append((tag, look))
            if look.own_ground and not look.hidden:
                yield Seen(tag=tag, text="", look=look)


def declarations(style: str) -> dict[str, str]:
    """Property → value; what is important, or last, wins."""
    found: dict[str, str] = {}
    strong: set[str] = set()
    for part in re.split(r";(?![^(]*\))", style):
        name, colon, value = part.partition(":")
        name, value = name.strip().lower(), value.strip()
        important = value.lower().endswith("!important")
        if colon and (important or name not in strong):
            found[name] = re.sub(r"\s*!important$", "", value, flags=re.IGNORECASE)
            if important:
                strong.add(name)
    return found


def _look(tag: Tag, above: Look, link: Color) -> Look:
    style = declarations(tag.attrs.get("style", ""))
    look = replace(above, own_ground=False, size=_SIZES.get(tag.name, above.size), bold=above.bold or tag.name in _BOLD)
    if tag.name == "a" and tag.attrs.get("href"):
        look = replace(look, color=link)
    color = parse_color(style.get("color") or tag.attrs.get("color", ""))
    if style.get("color", "").lower() == "inherit":
        color = above.color
    if color:
        look = replace(look, color=color)
    look = _with_ground(look, style, tag)
    look = _with_font(look, style, above)
    return replace(look, hidden=look.hidden or _is_hidden(style, tag))


def _with_ground(look: Look, style: dict[str, str], tag: Tag) -> Look:
    """The ground that the element paints over the one below it."""
    shorthand = style.get("background", "")
    image = style.get("background-image", "")
    if "url(" in shorthand or "gradient(" in shorthand or (image and image != "none") or tag.attrs.get("background"):
        return replace(look, ground=None, own_ground=True)
    word = style.get("background-color") or shorthand or tag.attrs.get("bgcolor", "")
    color = parse_color(word) or next(filter(None, map(parse_color, word.split())), None)
    if color is None or color == NONE or color.alpha == 0:
        return look
    below = look.ground
    ground = color if color.alpha == 1 else color.over(below) if below else None
    return replace(look, ground=ground, own_ground=True)


def _with_font(look: Look, style: dict[str, str], above: Look) -> Look:
    words = style.get("font", "").split()
    size = style.get("font-size") or next((word for word in words if _SIZE.match(word)), "")
    weight = style.get("font-weight") or next((word for word in words if _WEIGHT.fullmatch(word)), "")
    if size:
        look = replace(look, size=_pixels(size, above.size))
    if weight:
        look = replace(look, bold=weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 700))
    return look


def _pixels(text: str, above: float) -> float:
    found = _PIXELS.match(text)
    if not found:
        return above
    number = float(found[1])
    factors = {"px": 1.0, "pt": 4 / 3, "em": above, "rem": 16.0, "%": above / 100}
    return number * factors.get(found[2] or "px", 1.0)


def _is_hidden(style: dict[str, str], tag: Tag) -> bool:
    """Preheaders, and what is shown in one mode only."""
    zero = {"0", "0px"}
    return (
        style.get("display", "").lower() == "none"
        or style.get("visibility", "").lower() == "hidden"
        or style.get("opacity") == "0"
        or style.get("font-size") in zero
        or (style.get("max-height") in zero and style.get("overflow") == "hidden")
        or "hidden" in tag.attrs
    )
