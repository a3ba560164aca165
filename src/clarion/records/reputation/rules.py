"""When a rate of bounces or complaints is worth a warning, and when it stops an account. Pure."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum


class State(StrEnum):
    """`warned` goes out as usual and is told; `paused` waits for a person."""

    GOOD = "good"
    WARNED = "warned"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What went out in the window, and what came of it."""

    sent: int = 0
    bounced: int = 0
    complained: int = 0

    @property
    def bounce_rate(self) -> float:
        """Percent."""
        return 100.0 * self.bounced / self.sent if self.sent else 0.0

    @property
    def complaint_rate(self) -> float:
        """Percent."""
        return 100.0 * self.complained / self.sent if self.sent else 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            sent=self.sent + other.sent,
            bounced=self.bounced + other.bounced,
            complained=self.complained + other.complained,
        )


LEAST_TO_WARN = 2
LEAST_TO_PAUSE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """In percent of what was sent within the window. Below `minimum` sent nothing is ruled, and a pause needs
    LEAST_TO_PAUSE of a kind (a warning LEAST_TO_WARN): one complaint among 200 is 0.5 % and proves nothing. `pauses`
    False: it warns and never pauses."""

    bounce_warn: float = 5.0
    bounce_pause: float = 10.0
    complaint_warn: float = 0.1
    complaint_pause: float = 0.3
    minimum: int = 200
    window: timedelta = timedelta(hours=24)
    pauses: bool = True


FORM = "bounces=5/10 complaints=0.1/0.3 minimum=200 hours=24"
_PAIR = re.compile(r"(\d{1,3}(?:\.\d{1,4})?)/(\d{1,3}(?:\.\d{1,4})?)", re.ASCII)


def parse_thresholds(text: str) -> Thresholds:
    """`bounces=5/10 complaints=0.1/0.3 minimum=200 hours=24`, each part optional; `warn`: never pause. Raises
    ValueError saying what to write."""
    found = Thresholds()
    for part in text.split():
        name, _, value = part.partition("=")
        pair = _PAIR.fullmatch(value)
        sound = pair is not None and 0 < float(pair[1]) <= float(pair[2]) <= 100
        if name == "bounces" and pair and sound:
            found = replace(found, bounce_warn=float(pair[1]), bounce_pause=float(pair[2]))
        elif name == "complaints" and pair and sound:
            found = replace(found, complaint_warn=float(pair[1]), complaint_pause=float(pair[2]))
        elif name == "minimum" and value.isascii() and value.isdigit() and 1 <= int(value) <= 10_000_000:
            found = replace(found, minimum=int(value))
        elif name == "hours" and value.isascii() and value.isdigit() and 1 <= int(value) <= 168:
            found = replace(found, window=timedelta(hours=int(value)))
        elif part == "warn":
            found = replace(found, pauses=False)
        else:
            raise ValueError(f"write it as `{FORM}`, leaving out what is to stay; `warn` never pauses")
    return found


def judge(present: State, counts: Counts, limits: Thresholds) -> tuple[State, str]:
    """Where it stands now, and why. What is paused stays so until a person resumes it."""
    if present is State.PAUSED or counts.sent < limits.minimum:
        return present, ""
    over = _over(counts, limits.bounce_pause, limits.complaint_pause, LEAST_TO_PAUSE)
    if over:
        return (State.PAUSED if limits.pauses else State.WARNED), over
    over = _over(counts, limits.bounce_warn, limits.complaint_warn, LEAST_TO_WARN)
    return (State.WARNED, over) if over else (State.GOOD, "")


def _over(counts: Counts, bounces: float, complaints: float, least: int) -> str:
    if counts.bounce_rate >= bounces and counts.bounced >= least:
        return f"{counts.bounced} of {counts.sent} bounced, {counts.bounce_rate:.2f} %; the limit is {bounces:g} %"
    if counts.complaint_rate >= complaints and counts.complained >= least:
        rate = f"{counts.complaint_rate:.3f} %"
        return f"{counts.complained} of {counts.sent} complained, {rate}; the limit is {complaints:g} %"
    return ""
