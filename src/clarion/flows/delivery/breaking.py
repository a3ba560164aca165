"""Step: break the circuit. What sending through an account tells its breaker, and whether it may be sent through.

Only what the account is to blame for counts: no connection, a connection lost, "not now" for the whole account. A
refused recipient proves that the account works. Good news is collected and told once a second; bad news at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from time import monotonic
from typing import TypeGuard

from clarion.contract.faults import Interrupted, ProviderFault, Unreachable
from clarion.contract.outcome import Outcome, Retry, Unclear
from clarion.records.pacing.breaker import Admission, News, Phase
from clarion.records.pacing.breakers import Breakers, View, breakers

TELL_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it went well; None when it proves nothing. `worked`: something did; `failures`: in a row, at the end;
    `rest`: seconds the account asked to be left alone."""

    well: bool | None
    worked: bool = False
    failures: int = 1
    rest: float = 0.0


def verdict(outcomes: Sequence[Outcome], fault: ProviderFault | None, *, one_call: bool) -> Verdict:
    """What one hand-over says about the account; `one_call`: its messages went in a single call, which fails once.
    Wrong credentials have a rest of their own (records/accounts)."""
    worked = any(not _is_unwell(outcome) and not isinstance(outcome, Unclear) for outcome in outcomes)
    if isinstance(fault, Unreachable):
        return Verdict(well=False, worked=worked, rest=fault.after.total_seconds() if fault.after else 0.0)
    if isinstance(fault, Interrupted):
        return Verdict(well=False, worked=worked)
    unwell = [outcome for outcome in outcomes if _is_unwell(outcome)]
    if unwell:
        rest = max(each.after.total_seconds() if each.after else 0.0 for each in unwell)
        last = sum(1 for _ in takewhile(_is_unwell, reversed(outcomes)))
        return Verdict(well=False, worked=worked, failures=1 if one_call else max(last, 1), rest=rest)
    return Verdict(well=True, worked=True) if worked and fault is None else Verdict(well=None)


def _is_unwell(outcome: Outcome) -> TypeGuard[Retry]:
    return isinstance(outcome, Retry) and outcome.whole_account


class Circuit:
    """One account's breaker as one worker slot uses it."""

    def __init__(self, key: str, source: Breakers = breakers) -> None:
        self._key = key
        self._source = source
        self._probe: int | None = None
        self._good = 0
        self._told_at = 0.0
        self.view = View(phase=Phase.CLOSED, failures=0, opens_in=0.0)

    @property
    def probing(self) -> bool:
        """One message may go, as a probe."""
        return self._probe is not None

    def admits(self) -> bool:
        """Whether a batch may go; of all workers only one is let through when the cool-down is over."""
        self._probe = None
        if self.view.phase is Phase.CLOSED:
            return True
        ticket = self._source.admit(self._key)
        self._probe = ticket.probe
        if ticket.admission is Admission.REFUSE:
            self.view = View(phase=Phase.OPEN, failures=self.view.failures, opens_in=ticket.opens_in)
        return ticket.admission is not Admission.REFUSE

    def hear(self, found: Verdict) -> bool:
        """Take in how a call went; whether the next may go."""
        if self._probe is not None:
            # a probe that proves nothing has not shown that the account is well
            news = News(
                good=int(found.well is True), bad=int(found.well is not True), rest=found.rest, probe=self._probe
            )
            self._probe = None
            return self._tell(news)
        if found.well is None:
            return True
        self._good += int(found.worked)
        if found.well and monotonic() - self._told_at < TELL_SECONDS:
            return True
        return self._tell(News(good=self._good, bad=0 if found.well else found.failures, rest=found.rest))

    def _tell(self, news: News) -> bool:
        self._good, self._told_at = 0, monotonic()
        self.view = self._source.report(self._key, news)
        return self.view.phase is Phase.CLOSED
