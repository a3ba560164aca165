"""A template as somebody wrote it: a plain value, from the API, the console, files or the demo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clarion.contract.channel import ChannelKey

Content = Mapping[ChannelKey, Mapping[str, Mapping[str, str]]]
"""Channel → locale (empty: the default) → fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A template as somebody wrote it. `schema` is a JSON Schema of the variables (schema.py), `sample` a context that
    satisfies it, `theme` a colour (`#rrggbb`) or empty. `locales`: those wanted, `publish_threshold`: the share of them
    in percent that must be complete; empty and None: as the deployment says. `reviewed`: locales whose translation was
    looked at and is right as it stands, though the default has changed since. `active` None: as it is."""

    path: str
    name: str
    category_id: int
    content: Content = field(repr=False)
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    default_priority: int = 3
    active: bool | None = None
    note: str = ""
    fallback: Mapping[str, Any] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    sample: Mapping[str, Any] = field(default_factory=dict, repr=False)
    theme: str = ""
    locales: tuple[str, ...] = ()
    publish_threshold: int | None = None
    reviewed: tuple[str, ...] = ()
