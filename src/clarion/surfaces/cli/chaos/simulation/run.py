"""Many schedules, one after the other: from a first seed on, until one breaks a law."""

import time
from dataclasses import dataclass, field

from clarion.surfaces.cli.chaos.simulation.planted import Planted
from clarion.surfaces.cli.chaos.simulation.schedule import Result, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """`seeds` schedules from `first` on. `doubled`: messages taken once more, where that could be explained; `last`:
    the last schedule, which broke a law if any did."""

    first: int
    seeds: int
    steps: int
    taken: int
    doubled: int
    seconds: float
    last: Result | None = field(default=None, repr=False)

    @property
    def broken(self) -> Result | None:
        """The schedule that broke a law."""
        return self.last if self.last is not None and self.last.breaches else None

    @property
    def a_minute(self) -> float:
        """Schedules a minute."""
        return self.seeds / self.seconds * 60 if self.seconds else 0.0


@dataclass(slots=True)
class Tally:
    """Counts while schedules are played."""

    first: int
    seeds: int = 0
    steps: int = 0
    taken: int = 0
    doubled: int = 0
    last: Result | None = None
    began: float = field(default_factory=time.monotonic)

    def add(self, result: Result) -> bool:
        """One more; whether it broke a law."""
        self.seeds += 1
        self.steps += result.steps
        self.taken += result.taken
        self.doubled += result.doubled
        self.last = result
        return bool(result.breaches)

    def done(self) -> Simulated:
        """All of them."""
        return Simulated(
            first=self.first,
            seeds=self.seeds,
            steps=self.steps,
            taken=self.taken,
            doubled=self.doubled,
            seconds=time.monotonic() - self.began,
            last=self.last,
        )


def play(seed: int, planted: Planted | None = None) -> Result:
    """One schedule."""
    return Schedule(seed, planted).run()


def simulate(first: int, seeds: int, *, planted: Planted | None = None) -> Simulated:
    """Play schedules until one breaks a law, or all are played."""
    tally = Tally(first=first)
    for seed in range(first, first + seeds):
        if tally.add(play(seed, planted)):
            break
    return tally.done()
