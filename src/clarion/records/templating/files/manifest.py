"""`template.yaml`: what a template is, beside its texts."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.records.templating.files.content_file import is_locale
from clarion.records.templating.files.faults import FolderFault
from clarion.records.templating.files.template import MANIFEST, TemplateFiles
from clarion.records.templating.files.yaml_text import Parsed, dump_mapping, parse_mapping

PRIORITIES = {"critical": 1, "high": 2, "medium": 3, "low": 4}
_THEME = re.compile(r"#[0-9a-fA-F]{6}")
_MOST_NAME = 200


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= _MOST_NAME


def _is_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in value)


def _is_locales(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and is_locale(name) for name in value)


def _is_mapping(value: object) -> bool:
    return isinstance(value, dict)


def _is_priority(value: object) -> bool:
    return value in PRIORITIES if isinstance(value, str) else type(value) is int and 1 <= value <= 4


def _is_fallback(value: object) -> bool:
    if not isinstance(value, dict) or not set(value) <= {"channels", "after_seconds"}:
        return False
    channels, after = value.get("channels"), value.get("after_seconds")
    named = isinstance(channels, list) and len(channels) > 1 and set(map(str, channels)) <= set(ChannelKey)
    return named and (after is None or (type(after) is int and after > 0))


_KEYS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_text, f"a text of 1 to {_MOST_NAME} characters"),
    "category": (_is_text, "the key of a category, such as orders"),
    "priority": (_is_priority, f"{', '.join(PRIORITIES)}, or 1 to 4"),
    "active": (lambda value: isinstance(value, bool), "true or false"),
    "theme": (lambda value: isinstance(value, str) and bool(_THEME.fullmatch(value)), "a colour in quotes: '#4CAF50'"),
    "fallback": (_is_fallback, "channels: [two or more channels], and after_seconds: a number where it has one"),
    "locales": (_is_locales, "a list of locales such as [sw, pt-BR]"),
    "publish_threshold": (lambda value: type(value) is int and 0 <= value <= 100, "a whole number from 0 to 100"),
    "required": (_is_names, "a list of names of variables"),
    "optional": (_is_names, "a list of names of variables"),
    "variables": (_is_mapping, "a JSON Schema of an object"),
    "sample": (_is_mapping, "names of variables with values"),
}
_NEEDED = ("name", "category")


def parse_manifest(text: str, file: str, path: str) -> TemplateFiles:
    """The template without its content. Raises FolderFault."""
    parsed = parse_mapping(text, file)
    _check(parsed, file)
    read = parsed.values
    priority = read.get("priority", 3)
    fallback = read.get("fallback")
    return TemplateFiles(
        path=path,
        name=read["name"],
        category=read["category"],
        content={},
        required=tuple(read.get("required", ())),
        optional=tuple(read.get("optional", ())),
        schema=read.get("variables", {}),
        sample=read.get("sample", {}),
        theme=read.get("theme", ""),
        default_priority=PRIORITIES[priority] if isinstance(priority, str) else priority,
        active=read.get("active", True),
        fallback={"channels": fallback["channels"], "after_seconds": fallback.get("after_seconds")} if fallback else {},
        locales=tuple(read.get("locales", ())),
        publish_threshold=read.get("publish_threshold"),
    )


def _check(parsed: Parsed, file: str) -> None:
    for key, value in parsed.values.items():
        if key not in _KEYS:
            raise FolderFault(file, parsed.line(key), f"there is no key {key[:50]!r}; there are {', '.join(_KEYS)}")
        fits, wanted = _KEYS[key]
        if not fits(value):
            raise FolderFault(file, parsed.line(key), f"{key} must be {wanted}")
    for key in _NEEDED:
        if key not in parsed.values:
            raise FolderFault(file, 1, f"{key} is missing: write {_KEYS[key][1]}")


def dump_manifest(template: TemplateFiles) -> str:
    """The text of `template.yaml`; what is as it would be anyway is left out."""
    words = {number: word for word, number in PRIORITIES.items()}
    said: dict[str, Any] = {
        "name": template.name,
        "category": template.category,
        "priority": words[template.default_priority],
    }
    if not template.active:
        said["active"] = False
    if template.theme:
        said["theme"] = template.theme
    if template.fallback:
        said["fallback"] = {key: value for key, value in template.fallback.items() if value is not None}
    if template.locales:
        said["locales"] = list(template.locales)
    if template.publish_threshold is not None:
        said["publish_threshold"] = template.publish_threshold
    if template.required:
        said["required"] = list(template.required)
    if template.optional:
        said["optional"] = list(template.optional)
    if template.schema:
        said["variables"] = template.schema
    if template.sample:
        said["sample"] = template.sample
    return dump_mapping(said)


__all__ = ["MANIFEST", "dump_manifest", "parse_manifest"]
