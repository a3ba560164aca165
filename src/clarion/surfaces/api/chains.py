"""The request field `fallback`: a chain of channels, as an object or as a plain list."""

from typing import Annotated

import msgspec
from msgspec import Meta

from clarion.contract.channel import ChannelKey
from clarion.flows.ingest.asked import Fallback

ChainChannels = Annotated[list[ChannelKey], Meta(min_length=1, max_length=7, examples=[["push", "sms"]])]


class FallbackIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The channels to try one after the other: the next when one failed, or with `after_seconds`, when it was not read
    (in_app, websocket) or has not arrived (the others) so long after it was due. Where `channel` is given, it comes
    first."""

    channels: ChainChannels
    after_seconds: Annotated[int, Meta(ge=1, le=30 * 86_400)] | None = None


FallbackField = FallbackIn | ChainChannels


def fallback_of(given: FallbackField | None) -> Fallback | None:
    """As the flow takes it."""
    if given is None:
        return None
    if isinstance(given, FallbackIn):
        return Fallback(channels=tuple(given.channels), after_seconds=given.after_seconds)
    return Fallback(channels=tuple(given))
