"""How a category groups bursts: how many go out singly within a window, and what the rest is put into. What is
collected, and when it goes out, is flows/delivery/grouping.py's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from clarion.contract.channel import ChannelKey

# those that interrupt a person; an inbox is a list by itself, and what reads webhooks is no person
USUAL = frozenset({ChannelKey.EMAIL, ChannelKey.SMS, ChannelKey.PUSH, ChannelKey.CHAT})
# what a template of groups may require
VARIABLES = frozenset({"count", "more", "items", "category"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """Of one category, what goes beyond `above` to one person on one channel within `window` is collected. `template`:
    the path of the group's, empty for the built-in text."""

    above: int
    window: timedelta
    channels: frozenset[ChannelKey]
    template: str = ""


def group_rule(above: int, window_seconds: int, channels: Sequence[str], template: str) -> GroupRule | None:
    """The stored settings as a value; None: nothing is grouped."""
    if above <= 0:
        return None
    chosen = frozenset(ChannelKey(key) for key in channels) or USUAL
    return GroupRule(above=above, window=timedelta(seconds=window_seconds), channels=chosen, template=template)
