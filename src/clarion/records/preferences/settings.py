"""How an operator writes the defaults of all preferences. Pure parsers; the names are in config/environment.py."""

import re

from clarion.contract.channel import ChannelKey
from clarion.records.categories.policy import NO_CAP, Cap
from clarion.records.preferences.rules import INTERRUPTS, MARKETING

NAMES = ("notifications", MARKETING, *ChannelKey)
MOST = 10_000
_CAP = re.compile(r"([1-9][0-9]{0,4})/(day|week)")


def parse_off(text: str) -> frozenset[str]:
    """`marketing sms`; raises ValueError saying what to write."""
    names = text.replace(",", " ").split()
    if not set(names) <= set(NAMES):
        raise ValueError(f"write names with blanks between them, of {', '.join(NAMES)}")
    return frozenset(names)


def parse_digest_channels(text: str) -> frozenset[str]:
    """`email chat`, of those that interrupt a person; raises ValueError saying what to write."""
    names = frozenset(text.replace(",", " ").split())
    if not names or not names <= INTERRUPTS:
        raise ValueError(f"write channels with blanks between them, of {', '.join(sorted(INTERRUPTS))}")
    return frozenset(map(ChannelKey, names))


def parse_cap_of_user(text: str) -> Cap:
    """`20/day 60/week`, or one of the two; raises ValueError saying what to write."""
    found: dict[str, int] = {}
    for part in text.replace(",", " ").split():
        matched = _CAP.fullmatch(part)
        if matched is None or matched[2] in found or int(matched[1]) > MOST:
            raise ValueError(f"write 20/day 60/week, or one of the two, with numbers from 1 to {MOST}")
        found[matched[2]] = int(matched[1])
    cap = Cap(found.get("day", 0), found.get("week", 0))
    if cap.per_week and cap.per_day > cap.per_week:
        raise ValueError("the number a day may not be above the number a week")
    return cap if found else NO_CAP
