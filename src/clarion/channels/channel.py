"""The shape of a channel's definition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clarion.contract.channel import ChannelKey
from clarion.contract.content import Content


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One content field of a channel: `limit` in characters after rendering, `html` when markup is meant."""

    name: str
    required: bool = False
    html: bool = False
    limit: int = 100_000
    single_line: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel's definition. `parse_address` normalises or raises InvalidValue; `mask` makes an address safe to
    show; `build` turns rendered fields into checked content or raises InvalidValue."""

    key: ChannelKey
    label: str
    fields: tuple[FieldSpec, ...]
    parse_address: Callable[[str], str]
    mask: Callable[[str], str]
    build: Callable[[Mapping[str, str], Mapping[str, object]], Content]
