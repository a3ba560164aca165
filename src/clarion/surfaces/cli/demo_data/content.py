"""The demo templates as they stand in `templates/<name>/`: `template.toml`, `email.html` and `email.txt`.

The engine knows no inheritance on purpose, so the shared shell is put around each mail here, when they are read.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

from clarion.contract.channel import ChannelKey
from clarion.records.templating.engine.validation import ValidationReport, validate

FOLDERS = (
    "order_placed",
    "order_shipped",
    "order_delivered",
    "security_alert",
    "marketing_promotion",
    "welcome",
    "user_course",
)
PARAGRAPH = "margin:0 0 16px"
SOFT = "color:#5c646b;font-size:14px"
_BUTTON = re.compile(r"\[\[button ([^|\]]+)\|([^\]]+)\]\]")
_PLACE = re.compile(r"\[\[(\w+)\]\]")

Fields = Mapping[str, str]
Contents = Mapping[ChannelKey, Mapping[str, Fields]]
"""Channel → locale ("" is the default) → fields."""


class Unsound(Exception):
    """A demo template does not pass the engine's own validation; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTemplate:
    """One template, ready to be written. `sample` is a context it renders well with."""

    path: str
    name: str
    category: str
    priority: int
    required: tuple[str, ...]
    optional: tuple[str, ...]
    contents: Contents
    sample: Mapping[str, object]


def read_templates() -> list[DemoTemplate]:
    """All demo templates and their aliases. Raises Unsound for one the engine would refuse."""
    root = files(__package__).joinpath("templates")
    found = [template for folder in FOLDERS for template in _read(root.joinpath(folder), root.joinpath("layout"))]
    for template in found:
        _check(template)
    return found


def ink_for(color: str) -> str:
    """Black or white, whichever reads better on the colour (`#rrggbb`), by the contrast formula of WCAG 2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "#111111" if (luminance + 0.05) / 0.0556 > 1.05 / (luminance + 0.05) else "#ffffff"


def _read(folder: Traversable, layout: Traversable) -> list[DemoTemplate]:
    read = tomllib.loads(folder.joinpath("template.toml").read_text("utf-8"))
    contents: dict[ChannelKey, dict[str, Fields]] = {}
    for locale, channels in read["content"].items():
        for channel, fields in channels.items():
            contents.setdefault(ChannelKey(channel), {})["" if locale == "default" else locale] = fields
    email = contents[ChannelKey.EMAIL]
    email[""] = {**email[""], "html": _mail(folder, layout, read), "text": _text(folder, "email.txt")}
    template = DemoTemplate(
        path=read["path"],
        name=read["name"],
        category=read["category"],
        priority=read["priority"],
        required=tuple(read["required"]),
        optional=tuple(read["optional"]),
        contents=contents,
        sample=read["sample"],
    )
    return [template, *(_alias(template, path) for path in read["aliases"])]


def _alias(template: DemoTemplate, path: str) -> DemoTemplate:
    """The same content under another path. Nothing is required of it: the document calls these without variables."""
    return DemoTemplate(
        path=path,
        name=f"{template.name} ({path})",
        category=template.category,
        priority=template.priority,
        required=(),
        optional=(*template.required, *template.optional),
        contents=template.contents,
        sample=template.sample,
    )


def _mail(folder: Traversable, layout: Traversable, read: Mapping[str, str]) -> str:
    """The shell with the mail's own content, its places filled."""
    button = _text(layout, "button.html").strip()
    places = {
        "color": read["color"],
        "ink": ink_for(read["color"]),
        "name": read["name"],
        "heading": read["heading"],
        "why": read["why"],
        "p": PARAGRAPH,
        "soft": SOFT,
        "order_table": _text(layout, "order_table.html").strip(),
    }
    own = _BUTTON.sub(
        lambda found: button.replace("[[label]]", found[1]).replace("[[url]]", found[2]), _text(folder, "email.html")
    )
    shell = _text(layout, "shell.html").replace("[[content]]", own.strip())
    for _ in range(2):  # the order table has places of its own
        shell = _PLACE.sub(lambda found: places[found[1]], shell)
    return shell


def _text(folder: Traversable, name: str) -> str:
    return folder.joinpath(name).read_text("utf-8")


def _check(template: DemoTemplate) -> None:
    used: set[str] = set()
    for channel, locales in template.contents.items():
        for locale, fields in locales.items():
            report = validate(fields, channel, optional=(*template.required, *template.optional))
            if not report.valid or report.undeclared:
                raise Unsound(f"{template.path}, {channel} {locale or 'default'}: {_faults(report)}")
            used |= {path.partition(".")[0].replace("[]", "") for path in report.used}
    unused = sorted({*template.required, *template.optional} - used)
    if unused:
        raise Unsound(f"{template.path}: declared but used nowhere: {', '.join(unused)}")


def _faults(report: ValidationReport) -> str:
    said = [f"{fault.field} line {fault.line}: {fault.message}" for fault in report.errors]
    return "; ".join(said or [f"not declared: {', '.join(report.undeclared)}"])
