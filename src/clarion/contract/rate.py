"""How a rate is written: `14/s`, `100/min`, `5000/h`, `50000/d`. What is done with one lives in records/pacing."""

import re
from dataclasses import dataclass

from clarion.contract.faults import Misconfigured

_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_SHOWN = {1: "s", 60: "min", 3_600: "h", 86_400: "d"}
_FORM = re.compile(r"(\d{1,9})/(s|min|m|h|d)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many in so many seconds."""

    count: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.count}/{_SHOWN[self.seconds]}"

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def parse_rate(text: str) -> Rate:
    """Read a rate; raises Misconfigured saying what to write."""
    found = _FORM.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        raise Misconfigured("a rate is a number above 0, a stroke and s, min, h or d: 14/s, 100/min, 5000/h")
    return Rate(count=int(found[1]), seconds=_SECONDS[found[2]])


def parse_burst(text: str) -> int:
    """Read a burst; raises Misconfigured saying what to write."""
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or int(text) == 0:
        raise Misconfigured("burst is a number from 1 to 999999: the most that may go at once")
    return int(text)
