"""The field `fallback` of requests, categories and templates: a chain of channels, as an object or as a plain list."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest.asked import NO_CHAIN, Fallback
from clarion.records.categories.chain import checked_chain

ChainChannels = Annotated[list[ChannelKey], Meta(min_length=1, max_length=7, examples=[["push", "sms"]])]


class FallbackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channels to try one after the other: the next when one failed, or with `after_seconds`, when it was not read
    (in_app, websocket) or has not arrived (the others) so long after it was due. Where `channel` is given, it comes
    first."""

    channels: ChainChannels
    after_seconds: Annotated[int, Meta(ge=1, le=30 * 86_400)] | None = None


class FallbackOut(msgspec.Struct, frozen=True, kw_only=True):
    """A chain as it stands."""

    channels: list[str]
    after_seconds: int | None


OwnChain = FallbackIn | ChainChannels
FallbackField = FallbackIn | ChainChannels | Literal["none"]


def stored_chain(given: OwnChain | None) -> dict[str, Any]:
    """As a category or a template keeps it, empty for none; raises InputError."""
    if given is None:
        return {}
    if isinstance(given, FallbackIn):
        return checked_chain(given.channels, given.after_seconds)
    return checked_chain(given, None)


def shown_chain(stored: Mapping[str, Any]) -> FallbackOut | None:
    """What is stored, as the API shows it."""
    return msgspec.convert(stored, FallbackOut) if stored else None


def fallback_of(given: FallbackField | None) -> Fallback | None:
    """As the flow takes it; None leaves the chain to the template and the category."""
    if given is None:
        return None
    if given == "none":
        return NO_CHAIN
    if isinstance(given, FallbackIn):
        return Fallback(channels=tuple(given.channels), after_seconds=given.after_seconds)
    return Fallback(channels=tuple(given))
