"""Many schedules, one after the other: from a first seed on, until one breaks a law."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from clarion.surfaces.cli.chaos.simulation.planted import Planted
from clarion.surfaces.cli.chaos.simulation.schedule import Result, Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """`seeds` schedules from `first` on; `broken`: the first that broke a law, if any."""

    first: int
    seeds: int
    steps: int
    taken: int
    doubled: int
    seconds: float
    broken: Result | None = field(default=None, repr=False)

    @property
    def a_minute(self) -> float:
        """Schedules a minute."""
        return self.seeds / self.seconds * 60 if self.seconds else 0.0


def simulate(
    first: int, seeds: int, *, planted: Planted | None = None, advance: Callable[[int], None] = lambda _: None
) -> Simulated:
    """Play schedules until one breaks a law, or all are played."""
    began = time.monotonic()
    steps = taken = doubled = played = 0
    broken: Result | None = None
    for seed in range(first, first + seeds):
        result = Schedule(seed, planted).run()
        played += 1
        steps, taken, doubled = steps + result.steps, taken + result.taken, doubled + result.doubled
        if result.breaches:
            broken = result
            break
        if played % 100 == 0:
            advance(played)
    return Simulated(
        first=first,
        seeds=played,
        steps=steps,
        taken=taken,
        doubled=doubled,
        seconds=time.monotonic() - began,
        broken=broken,
    )
