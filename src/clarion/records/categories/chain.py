"""The chain of channels that a category or a template stands for where a request names none. How a chain runs is the
flows' matter (flows/ingest/chain.py, flows/delivery/fallback.py)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError

POINTER = "/fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRule:
    """The channels in their order, and after how many seconds the next takes over; None: only when one failed."""

    channels: tuple[ChannelKey, ...]
    after_seconds: int | None = None


def checked_chain(channels: Sequence[ChannelKey], after_seconds: int | None) -> dict[str, Any]:
    """The stored form of a chain that makes sense; raises InputError."""
    if len(set(channels)) < len(channels):
        raise InputError("duplicate_channel", "a chain names each channel once", pointer=POINTER)
    if len(channels) < 2:
        raise InputError("chain_too_short", "a chain has two channels at least", pointer=POINTER)
    return {"channels": [str(key) for key in channels], "after_seconds": after_seconds}


def require_content(stored: Mapping[str, Any], has: Collection[str]) -> None:
    """A template's chain goes over channels that the template has content for; raises InputError."""
    missing = [key for key in stored.get("channels", ()) if key not in has]
    if missing:
        message = f"the template has no content for {', '.join(missing)}"
        raise InputError("channel_not_supported", message, pointer=POINTER)


def chain_of(stored: Mapping[str, Any]) -> ChainRule | None:
    """The stored form as a value; None for no chain."""
    if not stored:
        return None
    channels = tuple(ChannelKey(key) for key in stored["channels"])
    return ChainRule(channels=channels, after_seconds=stored["after_seconds"])
