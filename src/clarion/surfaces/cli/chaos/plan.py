"""How much chaos is asked for; nothing heavy is imported here, for `clarion --help` is to answer at once."""

from dataclasses import dataclass

ALL = ("flush", "redis", "restart", "postgres", "kill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Messages of one experiment, worker processes, kills, and the seed of everything random."""

    number: int
    workers: int
    kills: int
    seed: int = 0


FULL = Plan(number=3_000, workers=2, kills=6)
QUICK = Plan(number=400, workers=2, kills=2)
