"""What an operator allows and what it costs, from the environment. Pure; counting is done in spend.py."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from clarion.contract.faults import Misconfigured
from clarion.contract.rate import Rate, parse_rate
from clarion.contract.reasons import Reason
from clarion.records.sms_safety.numbers import Line, NumberFacts

MICRO = 1_000_000
REFUSED_LINES = "landline premium_rate shared_cost pager voicemail uan satellite"
RANGE_LIMIT = "300/h"
# How much of the cap again is kept for critical transactional messages: a cap that they could pass without end is none.
RESERVE_PERCENT = 20
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_PRICE = re.compile(r"([A-Z]{2}|\*)=([0-9]{1,4}(?:\.[0-9]{1,6})?)", re.ASCII)
_SEGMENTS = re.compile(r"([0-9]{1,12}) ?segments?", re.ASCII)
_MONEY = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([A-Z]{3})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a segment costs, in millionths of `currency`, by country; `*` for the rest."""

    currency: str = ""
    by_country: Mapping[str, int] = field(default_factory=dict)

    def of(self, country: str, segments: int) -> int:
        """What so many segments cost."""
        return segments * self.by_country.get(country, self.by_country.get("*", 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """What may go on one day at most; None: no limit."""

    segments: int | None = None
    cost_micro: int | None = None

    @property
    def is_set(self) -> bool:
        return self.segments is not None or self.cost_micro is not None

    def admits(self, segments: int, cost_micro: int, *, critical: bool) -> bool:
        """Whether the day may come to so much; critical messages may use the reserve."""
        percent = 100 + (RESERVE_PERCENT if critical else 0)
        return all(
            most is None or total * 100 <= most * percent
            for total, most in ((segments, self.segments), (cost_micro, self.cost_micro))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsPolicy:
    """`countries` by category key, the general list under the empty one; no list: every country."""

    countries: Mapping[str, frozenset[str]] = field(default_factory=dict)
    refused_lines: frozenset[Line] = frozenset()
    range_limit: Rate | None = None
    prices: Prices = field(default_factory=Prices)
    cap: Cap = field(default_factory=Cap)

    def refusal(self, facts: NumberFacts, category: str) -> tuple[Reason, str] | None:
        """Why the number gets nothing in this category, with what is to be shown of it; None: it may."""
        if facts.line in self.refused_lines:
            return Reason.SMS_NUMBER_TYPE, facts.line
        allowed = self.countries.get(category, self.countries.get(""))
        if allowed is not None and facts.country not in allowed:
            return Reason.SMS_COUNTRY, facts.country
        return None


def parse_countries(text: str) -> dict[str, frozenset[str]]:
    """`TZ,KE,UG marketing=TZ`: the general list, then lists of single categories. Raises ValueError."""
    found: dict[str, frozenset[str]] = {}
    for part in text.split():
        category, equals, listed = part.rpartition("=")
        codes = frozenset(listed.split(","))
        if category in found or (equals and not category) or not all(_COUNTRY.fullmatch(code) for code in codes):
            raise ValueError("write country codes, then lists of single categories: TZ,KE,UG marketing=TZ")
        found[category] = codes
    return found


def parse_lines(text: str) -> frozenset[Line]:
    """Kinds of lines that get nothing; `none`: all get something. Raises ValueError."""
    names = text.split() if text != "none" else []
    wrong = sorted(set(names) - set(Line))
    if wrong:
        raise ValueError(f"there is no kind of line {wrong[0]}; there are {', '.join(Line)}, or none")
    return frozenset(Line(name) for name in names)


def parse_range_limit(text: str) -> Rate | None:
    """How many messages a range of 10,000 numbers gets; `none`: any number. Raises ValueError."""
    try:
        return None if text == "none" else parse_rate(text)
    except Misconfigured as fault:
        raise ValueError(str(fault)) from fault


def parse_prices(text: str) -> Prices:
    """`USD TZ=0.02 KE=0.03 *=0.08`: what a segment costs. Raises ValueError."""
    currency, *parts = text.split() or [""]
    matches = [_PRICE.fullmatch(part) for part in parts]
    if text and (not re.fullmatch(r"[A-Z]{3}", currency) or not parts or not all(matches)):
        raise ValueError("write the currency, then what a segment costs by country: USD TZ=0.02 KE=0.03 *=0.08")
    return Prices(currency=currency, by_country={match[1]: _micro(match[2]) for match in matches if match})


def parse_cap(text: str, prices: Prices) -> Cap:
    """`20000 segments`, `50 USD`, or both with a comma; empty: none. Raises ValueError."""
    segments: int | None = None
    cost: int | None = None
    for part in filter(None, (each.strip() for each in text.split(","))):
        if found := _SEGMENTS.fullmatch(part):
            segments = int(found[1])
        elif found := _MONEY.fullmatch(part):
            if found[2] != prices.currency or "*" not in prices.by_country:
                raise ValueError(
                    f"a cap in {found[2]} needs CLARION_SMS_PRICES in {found[2]}, with a price for the rest: *="
                )
            cost = _micro(found[1])
        else:
            raise ValueError("write how much a day may cost: 20000 segments, or 50 USD, or both with a comma")
    return Cap(segments=segments, cost_micro=cost)


def _micro(text: str) -> int:
    return int(Decimal(text) * MICRO)
