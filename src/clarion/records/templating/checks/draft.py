"""What the checks look at: a template as somebody wrote it, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from clarion.contract.channel import ChannelKey

Content = Mapping[ChannelKey, Mapping[str, Mapping[str, str]]]
"""Channel → locale (empty: the default) → fields."""


class Draft(Protocol):
    """What a template must tell to be checked; `writer.Draft` and `files.TemplateFiles` both do."""

    @property
    def path(self) -> str: ...
    @property
    def content(self) -> Content: ...
    @property
    def required(self) -> tuple[str, ...]: ...
    @property
    def optional(self) -> tuple[str, ...]: ...
    @property
    def schema(self) -> Mapping[str, Any]: ...
    @property
    def sample(self) -> Mapping[str, Any]: ...
    @property
    def theme(self) -> str: ...
    @property
    def locales(self) -> tuple[str, ...]: ...
    @property
    def fallback(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPrice:
    """What one segment costs; used to say what a text comes to."""

    amount: Decimal
    currency: str
