"""What is remembered of the hosts behind endpoints: who answers, who is slow, who is left alone for a while.

Only silence counts (no connection, no answer in time, a connection that broke): a host that answers 500 costs no time.
A host that does not answer for FAILURES calls in a row rests; after the rest one call may try it. Pure but for the
clock, which is given. Addresses never leave here.
"""

from collections import OrderedDict
from dataclasses import dataclass

FAILURES = 5
REST_SECONDS = 15.0
SLOW_WAIT_SECONDS = 3.0
LONGEST_REST_SECONDS = 300.0
SLOW_AT_ONCE = 16
UNPROVED_AT_ONCE = 2
MOST_HOSTS = 10_000


@dataclass(slots=True)
class HostState:
    """`in_flight`: calls that have no answer yet, those given back among them; `silent`: calls without an answer in a
    row; `slow`: the last call took longer than our patience; `answers_late`: one that did was answered after all."""

    in_flight: int = 0
    silent: int = 0
    rests: int = 0
    rests_until: float = 0.0
    slow: bool = False
    answers_late: bool = False

    def wait(self, now: float) -> float:
        """Seconds for which no further call may be made; 0: one may be made now."""
        if now < self.rests_until:
            return self.rests_until - now
        if self.silent >= FAILURES:
            return REST_SECONDS if self.in_flight else 0.0
        most = SLOW_AT_ONCE if self.answers_late else UNPROVED_AT_ONCE
        return SLOW_WAIT_SECONDS if self.slow and self.in_flight >= most else 0.0

    def began(self) -> None:
        self.in_flight += 1

    def lingers(self) -> None:
        """A call is taking longer than our patience."""
        self.slow = True

    def abandoned(self) -> None:
        """A call was ended by ourselves."""
        self.in_flight -= 1

    def ended(self, *, answered: bool, in_time: bool, now: float) -> None:
        """A call is over. One answer in time makes everything good again."""
        self.in_flight -= 1
        if answered:
            self.silent = self.rests = 0
            self.rests_until = 0.0
            self.slow = self.answers_late = not in_time
            return
        self.silent += 1
        self.slow, self.answers_late = True, False
        if self.silent >= FAILURES and now >= self.rests_until:
            self.rests_until = now + min(REST_SECONDS * 2**self.rests, LONGEST_REST_SECONDS)
            self.rests += 1


class Hosts:
    """The states, by host and port; of too many, those not called for longest are forgotten."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, HostState] = OrderedDict()

    def of(self, authority: str) -> HostState:
        """The host's state, made on first sight."""
        state = self._states.get(authority)
        if state is None:
            state = self._states[authority] = HostState()
            if len(self._states) > MOST_HOSTS:
                self._states.popitem(last=False)
        else:
            self._states.move_to_end(authority)
        return state
