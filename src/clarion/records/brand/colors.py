"""Colours made from one: a theme's palette, so that what is written on each of them can be read. No layout here.

The contrast is that of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio).
"""

import colorsys
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

READABLE = 4.5
"""The least contrast of ordinary text (WCAG 2.2, 1.4.3)."""
DEFAULT = "#3f51b5"
DARK_CARD = "#1c1f24"

_HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """What is made of a colour. `ink` is text on `color`; `strong` is the colour as text on white; `tint` a panel and
    `edge` its border on white; `bright` is text and `shade` a panel in dark mode."""

    color: str
    ink: str
    strong: str
    tint: str
    edge: str
    bright: str
    shade: str

    def names(self) -> dict[str, str]:
        """Name → `#rrggbb`."""
        return {
            "color": self.color,
            "ink": self.ink,
            "strong": self.strong,
            "tint": self.tint,
            "edge": self.edge,
            "bright": self.bright,
            "shade": self.shade,
        }


def is_color(text: str) -> bool:
    """Whether the text is `#rrggbb`."""
    return _HEX.fullmatch(text) is not None


@lru_cache(maxsize=512)
def palette(color: str) -> Palette:
    """The palette of `#rrggbb`; raises ValueError for anything else."""
    if not is_color(color):
        raise ValueError("a colour is written #rrggbb")
    tint, shade = _mixed(color, "#ffffff", 0.91), _mixed(color, DARK_CARD, 0.84)
    return Palette(
        color=color,
        ink=ink_for(color),
        # on a tint it is harder to read than on white, so it is measured there
        strong=_towards(color, "#000000", tint, READABLE + 0.1),
        tint=tint,
        edge=_mixed(color, "#ffffff", 0.72),
        bright=_towards(color, "#ffffff", shade, READABLE + 0.5),
        shade=shade,
    )


def theme_colors(theme: str) -> Mapping[str, str]:
    """What `{{ theme.… }}` stands for: the palette of a theme, or the brand's, which is known when it is rendered."""
    names = palette(theme or DEFAULT).names()
    return names if theme else {name: f"{{{{ brand.{name} }}}}" for name in names}


def ink_for(color: str) -> str:
    """White where it reads well on the colour, else a very dark shade of the colour itself."""
    if contrast("#ffffff", color) >= READABLE:
        return "#ffffff"
    hue, _, saturation = colorsys.rgb_to_hls(*_parts(color))
    for lightness in (0.11, 0.09, 0.07, 0.05, 0.03):
        ink = _hex(*colorsys.hls_to_rgb(hue, lightness, min(saturation, 0.75)))
        if contrast(ink, color) >= READABLE + 0.3:
            return ink
    return "#000000"


def contrast(one: str, other: str) -> float:
    """1 (the same) to 21 (black and white)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in _parts(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _hex(red: float, green: float, blue: float) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


def _mixed(color: str, other: str, share: float) -> str:
    """The colour with `share` of the other in it."""
    return _hex(*(own * (1 - share) + there * share for own, there in zip(_parts(color), _parts(other), strict=True)))


def _towards(color: str, other: str, ground: str, least: float) -> str:
    """The colour, mixed with the other until it reads on the ground."""
    for step in range(20):
        mixed = _mixed(color, other, step / 20)
        if contrast(mixed, ground) >= least:
            return mixed
    return other
