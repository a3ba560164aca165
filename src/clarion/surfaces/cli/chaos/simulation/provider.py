"""The simulated provider: takes, refuses, or takes and says nothing, and keeps a ledger of its own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.provider import Declaration
from clarion.contract.reasons import Reason
from clarion.surfaces.cli.chaos.simulation.story import Story


@dataclass(slots=True, kw_only=True)
class SimulatedProvider:
    """`ill`: the share of calls that go wrong; 0 from the moment the faults are over."""

    rng: Random
    ill: float
    idempotent: bool
    declaration: Declaration = field(init=False)

    def __post_init__(self) -> None:
        self.declaration = Declaration(
            name="simulated", channels=frozenset({ChannelKey.EMAIL}), max_batch=3, idempotent=self.idempotent
        )

    def take(self, story: Story, now: datetime) -> Outcome:
        """One call."""
        if self.rng.random() >= self.ill:
            self._accept(story, now)
            return Sent(remote_id="taken")
        match self.rng.randrange(6):
            case 0:
                self._accept(story, now)
                return Unclear(why=Reason.TIMEOUT)
            case 1:
                return Unclear(why=Reason.CONNECTION_LOST)
            case 2:
                after = timedelta(seconds=self.rng.choice((1, 60, 600)))
                return Retry(why=Reason.THROTTLED, after=after, whole_account=True)
            case 3:
                return Retry(why=Reason.TEMPORARY, after=timedelta(seconds=self.rng.choice((0, 90))))
            case 4:
                return Retry(why=Reason.UNREACHABLE, whole_account=True)
            case _:
                return Rejected(why=Reason.ADDRESS_UNREACHABLE)

    def _accept(self, story: Story, now: datetime) -> None:
        # one that knows a repeat by its id acts once
        if not (self.idempotent and story.taken):
            story.taken.append(now)
