"""CSS colours as numbers, and the contrast of two of them (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

import colorsys
import re
from dataclasses import dataclass

_HEX = re.compile(r"#([0-9a-f]{3,8})")
_RGB = re.compile(r"rgba?\(([^)]*)\)")
_HSL = re.compile(r"hsla?\(([^)]*)\)")
# https://www.w3.org/TR/css-color-4/#named-colors, those that mails use
NAMES = {
    "black": "#000000", "white": "#ffffff", "red": "#ff0000", "green": "#008000", "blue": "#0000ff", "gray": "#808080",
    "grey": "#808080", "silver": "#c0c0c0", "maroon": "#800000", "yellow": "#ffff00", "olive": "#808000",
    "lime": "#00ff00", "aqua": "#00ffff", "cyan": "#00ffff", "teal": "#008080", "navy": "#000080",
    "fuchsia": "#ff00ff", "magenta": "#ff00ff", "purple": "#800080", "orange": "#ffa500", "pink": "#ffc0cb",
    "brown": "#a52a2a", "gold": "#ffd700", "indigo": "#4b0082", "violet": "#ee82ee", "crimson": "#dc143c",
    "tomato": "#ff6347", "coral": "#ff7f50", "salmon": "#fa8072", "khaki": "#f0e68c", "beige": "#f5f5dc",
    "ivory": "#fffff0", "snow": "#fffafa", "lavender": "#e6e6fa", "linen": "#faf0e6", "whitesmoke": "#f5f5f5",
    "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "gainsboro": "#dcdcdc", "darkgray": "#a9a9a9",
    "darkgrey": "#a9a9a9", "dimgray": "#696969", "dimgrey": "#696969", "slategray": "#708090", "darkred": "#8b0000",
    "darkgreen": "#006400", "darkblue": "#00008b", "lightblue": "#add8e6", "lightgreen": "#90ee90",
    "lightyellow": "#ffffe0", "skyblue": "#87ceeb", "steelblue": "#4682b4", "royalblue": "#4169e1",
    "dodgerblue": "#1e90ff", "forestgreen": "#228b22", "seagreen": "#2e8b57", "chocolate": "#d2691e",
    "darkorange": "#ff8c00", "orangered": "#ff4500", "firebrick": "#b22222", "midnightblue": "#191970",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Color:
    """Parts from 0 to 1; `alpha` 0: nothing is painted."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    def over(self, ground: "Color") -> "Color":
        """What is seen when it lies on an opaque ground."""
        rest = 1 - self.alpha
        return Color(
            red=self.red * self.alpha + ground.red * rest,
            green=self.green * self.alpha + ground.green * rest,
            blue=self.blue * self.alpha + ground.blue * rest,
        )

    @property
    def luminance(self) -> float:
        """0 black to 1 white."""
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (self.red, self.green, self.blue)
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    @property
    def hex(self) -> str:
        """`#rrggbb`."""
        return "#" + "".join(f"{round(part * 255):02x}" for part in (self.red, self.green, self.blue))


WHITE = Color(red=1, green=1, blue=1)
BLACK = Color(red=0, green=0, blue=0)
NONE = Color(red=0, green=0, blue=0, alpha=0)


def contrast(one: Color, other: Color) -> float:
    """1 (the same) to 21 (black and white)."""
    lighter, darker = max(one.luminance, other.luminance), min(one.luminance, other.luminance)
    return (lighter + 0.05) / (darker + 0.05)


def parse_color(text: str) -> Color | None:
    """A CSS colour; None for what is no colour, or one that this does not know."""
    word = text.strip().lower()
    if word == "transparent":
        return NONE
    word = NAMES.get(word, word)
    if found := _HEX.fullmatch(word):
        return _hex(found[1])
    if found := _RGB.fullmatch(word):
        return _rgb(found[1])
    if found := _HSL.fullmatch(word):
        return _hsl(found[1])
    return None


def _hex(digits: str) -> Color | None:
    if len(digits) in (3, 4):
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in (6, 8):
        return None
    parts = [int(digits[at : at + 2], 16) / 255 for at in range(0, len(digits), 2)]
    return Color(red=parts[0], green=parts[1], blue=parts[2], alpha=parts[3] if len(parts) == 4 else 1.0)


def _numbers(inside: str) -> list[str]:
    return [part for part in re.split(r"[\s,/]+", inside.strip()) if part]


def _share(text: str, whole: float) -> float:
    number = float(text.rstrip("%degra")) / (100 if text.endswith("%") else whole)
    return min(1.0, max(0.0, number))


def _rgb(inside: str) -> Color | None:
    parts = _numbers(inside)
    try:
        red, green, blue = (_share(part, 255) for part in parts[:3])
        alpha = _share(parts[3], 1) if len(parts) > 3 else 1.0
    except ValueError:
        return None
    return Color(red=red, green=green, blue=blue, alpha=alpha)


def _hsl(inside: str) -> Color | None:
    parts = _numbers(inside)
    try:
        hue = float(parts[0].rstrip("deg")) / 360 % 1
        saturation, lightness = _share(parts[1], 100), _share(parts[2], 100)
        alpha = _share(parts[3], 1) if len(parts) > 3 else 1.0
    except (ValueError, IndexError):
        return None
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return Color(red=red, green=green, blue=blue, alpha=alpha)
