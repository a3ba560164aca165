"""The third part of `clarion chaos time`: how what the quiet hours of many people held leaves when they all end at one
moment."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from clarion.flows.delivery.holding import SPREAD, leaves_at
from clarion.records.preferences.rules import LOW, MEDIUM

END = datetime(2026, 11, 20, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HerdOutcome:
    """`busiest`: how many are due in the busiest second; `overtaken`: of the more urgent, due after any of the less;
    `late`: due later than the stated bound."""

    COLUMNS: ClassVar[tuple[str, ...]] = ("held", "busiest second", "last after s", "bound s", "overtaken", "late")

    held: int
    busiest: int
    last_seconds: float
    bound_seconds: float
    overtaken: int
    late: int

    @property
    def flaw(self) -> str:
        return f"herd: {self.overtaken} overtaken, {self.late} late" if self.overtaken or self.late else ""

    def cells(self) -> tuple[str, ...]:
        times = (f"{self.last_seconds:.1f}", f"{self.bound_seconds:.0f}")
        return str(self.held), str(self.busiest), *times, str(self.overtaken), str(self.late)


def prove_herd(number: int, seed: int) -> Iterator[HerdOutcome]:
    """Hold so many, half of them of low priority, until one moment."""
    rng = random.Random(seed)  # noqa: S311 -- is to be repeatable
    due: dict[int, list[float]] = {MEDIUM: [], LOW: []}
    for place in range(number):
        priority = (MEDIUM, LOW)[place % 2]
        due[priority].append((leaves_at(END, priority, UUID(int=rng.getrandbits(128))) - END).total_seconds())
    every = [*due[MEDIUM], *due[LOW]]
    first_low = min(due[LOW])
    yield HerdOutcome(
        held=number,
        busiest=max(Counter(map(int, every)).values()),
        last_seconds=max(every),
        bound_seconds=SPREAD.total_seconds(),
        overtaken=sum(1 for each in due[MEDIUM] if each > first_low),
        late=sum(1 for each in every if not 0 <= each <= SPREAD.total_seconds()),
    )
