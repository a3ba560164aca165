"""One `<channel>.<locale>.<ext>`: front matter between two lines of `---`, and the body below.

The last line break of a file belongs to the file, not to the body. Where nothing at all follows the front matter there
is no body; an empty line there is an empty body (a translation may leave a field empty on purpose).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.records.templating.files.faults import FolderFault
from clarion.records.templating.files.template import BODIES, DEFAULT
from clarion.records.templating.files.yaml_text import dump_mapping, parse_mapping

_FENCE = "---\n"
_LOCALE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8}){0,3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """What a file's name says; `body` is the field below the front matter."""

    channel: ChannelKey
    locale: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentFile:
    """The fields that stand in a file, and where the text of each begins (line, column)."""

    fields: Mapping[str, str]
    places: Mapping[str, tuple[int, int]]


def parse_name(name: str, file: str) -> FileName:
    """Channel, locale and body of a file's name. Raises FolderFault."""
    channel, _, rest = name.partition(".")
    locale, _, ending = rest.rpartition(".")
    if channel not in set(ChannelKey):
        known = ", ".join(ChannelKey)
        raise FolderFault(file, 0, f"the name must begin with a channel ({known}), as in email.default.html")
    bodies = BODIES[ChannelKey(channel)]
    if ending not in bodies:
        raise FolderFault(file, 0, f"a file of {channel} must end in .{' or .'.join(bodies)}")
    if not locale or (locale != DEFAULT and not is_locale(locale)):
        raise FolderFault(file, 0, "the middle of the name must be default or a locale such as sw or pt-BR")
    return FileName(channel=ChannelKey(channel), locale="" if locale == DEFAULT else locale, body=bodies[ending])


def is_locale(text: str) -> bool:
    """Whether it is a locale that exists, written as in `pt-BR`."""
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return bool(_LOCALE.fullmatch(text))


def parse_content(text: str, file: str, name: FileName) -> ContentFile:
    """The fields of a file. Raises FolderFault."""
    front, body, first = _split(text, file)
    parsed = parse_mapping(front, file, first_line=2)
    known = {spec.name for spec in channel_of(name.channel).fields} - set(BODIES[name.channel].values())
    fields: dict[str, str] = {}
    for key, value in parsed.values.items():
        if key not in known:
            there = ", ".join(sorted(known)) or "none"
            message = f"{name.channel} has no field {key[:50]!r} here; there are {there}"
            raise FolderFault(file, parsed.line(key), message)
        if not isinstance(value, str):
            raise FolderFault(file, parsed.line(key), f"{key} must be a text: put it in quotes")
        fields[key] = value
    places = {key: parsed.places[(key,)] for key in fields}
    if name.body and body is not None:
        fields[name.body], places[name.body] = body, (first, 1)
    elif body and body.strip():
        raise FolderFault(file, first, f"{name.channel} has no body: leave nothing below the front matter")
    return ContentFile(fields=fields, places=places)


def _split(text: str, file: str) -> tuple[str, str | None, int]:
    """Front matter, body (None: there is none), and the body's first line. What git turned to CRLF reads as it was."""
    if text.startswith("---\r\n") or not text.startswith(_FENCE):
        text = text.replace("\r\n", "\n")
    if not text.startswith(_FENCE):
        return "", text.removesuffix("\n") if text else None, 1
    rest = text[len(_FENCE) :]
    end = 0 if rest.startswith(_FENCE) or rest == "---" else rest.find("\n---\n") + 1
    if not end and not rest.startswith("---"):
        if not rest.endswith("\n---"):
            raise FolderFault(file, 1, "the front matter has no end: a line of --- must follow it")
        end = len(rest) - len("---")
    body = rest[end + len(_FENCE) :]
    return rest[:end], body.removesuffix("\n") if body else None, rest[:end].count("\n") + 3


def dump_content(front: Mapping[str, str], body: str | None) -> str:
    """The file of which `parse_content` makes the same fields."""
    below = "" if body is None else f"{body}\n"
    if not front and not below.startswith("---") and "\r" not in below:
        return below
    return f"{_FENCE}{dump_mapping(front) if front else ''}{_FENCE}{below}"


def content_files(channel: ChannelKey, locale: str, fields: Mapping[str, str]) -> dict[str, str]:
    """The files (name → text) that hold the fields of one channel and locale."""
    endings = BODIES[channel]
    bodies = {ending: field for ending, field in endings.items() if field in fields}
    if not bodies:
        # no body of its own: one file for the front matter
        bodies = dict(list(endings.items())[-1:])
    front = {key: value for key, value in fields.items() if key not in endings.values()}
    files: dict[str, str] = {}
    for ending, field in bodies.items():
        files[f"{channel}.{locale or DEFAULT}.{ending}"] = dump_content(front, fields.get(field))
        front = {}
    return files
