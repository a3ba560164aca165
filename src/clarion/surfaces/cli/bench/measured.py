"""What an experiment is: how much of it is wanted, what it may tell meanwhile, and what it brings back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

Advance = Callable[[int], None]
"""Told how many of the announced steps are done."""


def unheard(done: int) -> None:
    """An Advance for what is too short to be shown."""


class BenchFailed(Exception):
    """An experiment could not be carried out; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much: sends in the latency experiment (for each channel), seconds of load (for each setting), notifications
    delivered (for each channel), worker processes; notifications and turns of a comparison (for each channel and
    side), lengths of bulk lists, of files and of queues; messages given to each provider; emails
    sent while a worker's memory is watched; WebSockets, few and many; people at the gate; mails rendered each way."""

    singles: int
    seconds: float
    backlog: int
    workers: int = 1
    many: int = 2_000
    rounds: int = 2
    lists: tuple[int, ...] = (10_000, 100_000)
    backlogs: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    files: tuple[int, ...] = (100_000, 1_000_000)
    handed_over: int = 20_000
    lasting: int = 100_000
    sockets: tuple[int, int] = (1_000, 5_000)
    renderings: int = 20_000
    gated: int = 50_000


FULL = Extent(singles=200, seconds=5, backlog=5_000)
QUICK = Extent(singles=50, seconds=2, backlog=2_000)


class Meter(Protocol):
    """Where progress is shown."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        """A new stage begins; the one before is over. Without a total its length is unknown."""
        ...


class Measured(Protocol):
    """One row of results. `flaw` says what makes the figure worthless (lost, doubled), empty when it is sound."""

    COLUMNS: ClassVar[tuple[str, ...]]

    @property
    def flaw(self) -> str: ...

    def cells(self) -> tuple[str, ...]:
        """The row as shown under COLUMNS."""
        ...


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile, `share` from 0 to 1; 0 for no values."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))] if ranked else 0.0


def rate(count: int, seconds: float) -> float:
    """Per second; 0 where no time passed."""
    return count / seconds if seconds > 0 else 0.0
