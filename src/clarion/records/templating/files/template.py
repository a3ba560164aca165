"""A template as its folder says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clarion.contract.channel import ChannelKey

Content = Mapping[ChannelKey, Mapping[str, Mapping[str, str]]]
"""Channel → locale (empty: the default) → fields."""

MANIFEST = "template.yaml"
DEFAULT = "default"
BODIES: Mapping[ChannelKey, Mapping[str, str]] = {
    ChannelKey.EMAIL: {"html": "html", "txt": "text"},
    ChannelKey.SMS: {"txt": "body"},
    ChannelKey.PUSH: {"txt": "body"},
    ChannelKey.IN_APP: {"txt": "body"},
    ChannelKey.WEBSOCKET: {"txt": "body"},
    ChannelKey.CHAT: {"txt": "text"},
    ChannelKey.WEBHOOK: {"txt": ""},
}
"""Channel → the file's ending → the field that stands below its front matter (empty: none)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a field's text begins: the file as seen from the folder of all templates, line and column from 1."""

    file: str
    line: int
    column: int = 1


Places = Mapping[tuple[ChannelKey, str, str], Place]
"""(channel, locale, field) → where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFiles:
    """What a person wrote. `category` is the category's key. The variables are those of `schema`, and those that
    `required` and `optional` name. `fallback` is in the stored form of records/categories/chain.py."""

    path: str
    name: str
    category: str
    content: Content = field(repr=False)
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict)
    theme: str = ""
    default_priority: int = 3
    active: bool = True
    fallback: Mapping[str, Any] = field(default_factory=dict)
    locales: tuple[str, ...] = ()
    publish_threshold: int | None = None
    places: Places = field(default_factory=dict, repr=False, compare=False)


def folder_name(path: str) -> str:
    """The folder of a template; `*` cannot be in a file's name everywhere."""
    return path.replace("*", "+")


def path_of(folder: str) -> str:
    """The template's path that a folder's name stands for."""
    return folder.replace("+", "*")
