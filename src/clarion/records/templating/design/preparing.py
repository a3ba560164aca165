"""From what a person wrote to what the engine compiles. Pure: nothing is read but the shipped layouts and partials."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.brand.colors import theme_colors
from clarion.records.templating.design.calls import LOCALE, Used, read_call
from clarion.records.templating.design.expanding import Style
from clarion.records.templating.design.field import prepare_field
from clarion.records.templating.design.pieces import cut
from clarion.records.templating.design.words import language
from clarion.records.templating.engine.errors import TemplateError

TEXT = "text"
_EXTENDS = re.compile(r"\{%[-+]?\s*extends\b[^%]*%\}")
_OURS = re.compile(r"\{%[-+]?\s*(?:extends|include)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`fields` is what the engine compiles. `lines`: for a field that was expanded, the line of the source for each of
    its lines; 0 where a layout or partial brought it."""

    fields: dict[str, str] = field(repr=False)
    lines: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    def source_line(self, name: str, line: int) -> int:
        """The line in what the author wrote; the line itself where the field was left as it is."""
        lines = self.lines.get(name)
        if lines is None:
            return line
        return lines[line - 1] if 0 < line <= len(lines) else 0


def prepare(key: ChannelKey, fields: Mapping[str, str], *, theme: str = "", locale: str = "") -> dict[str, str]:
    """The fields with layout and partials expanded and CSS inlined; fields that use neither come back as they are.

    `theme` is `#rrggbb`; empty: the brand's colour. `locale` is the content's own (empty: the default one); the words
    of layout and partials follow it, unless the source says `{% extends "base" with lang="fr" %}`.
    Raises TemplateError with field and line of the source.
    """
    return prepare_mapped(key, fields, theme=theme, locale=locale).fields


def prepare_mapped(key: ChannelKey, fields: Mapping[str, str], *, theme: str = "", locale: str = "") -> Prepared:
    """As `prepare`, and which line of the source each line comes from."""
    if not any(_OURS.search(source) for source in fields.values()):
        return Prepared(fields=dict(fields))
    colors = theme_colors(theme)
    specs = {spec.name: spec for spec in channel_of(key).fields}
    called = _extends(fields)
    lang = _language(called, locale)
    done = Prepared(fields=dict(fields))
    for name, source in fields.items():
        if name not in specs or not _OURS.search(source):
            continue
        try:
            made = prepare_field(source, Style(colors=colors, language=language(lang), html=specs[name].html))
        except TemplateError as error:
            raise error.within(name) from None
        done.fields[name], done.lines[name] = made.text, made.lines
        if made.alternative and not fields.get(TEXT, "").strip():
            done.fields[TEXT] = made.alternative
    return done


def _extends(fields: Mapping[str, str]) -> Used | None:
    """The call of a layout, where the content is made by one; faults are told of when its field is prepared."""
    found = _EXTENDS.search(fields.get("html", ""))
    try:
        return (
            next((read_call(piece) for piece in cut(found.group()) if piece.word == "extends"), None) if found else None
        )
    except TemplateError:
        return None


def _language(called: Used | None, locale: str) -> str:
    said = called.arguments.get("lang", "") if called else ""
    return said[1:-1] if LOCALE.fullmatch(said[1:-1]) else locale
