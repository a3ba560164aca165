"""How much chaos is asked for; nothing heavy is imported here, for `clarion --help` is to answer at once."""

import secrets
from dataclasses import dataclass

ALL = ("flush", "redis", "restart", "postgres", "kill", "pause", "cuts", "wires", "provider", "reset", "callers")
LARGEST_SEED = 2**32


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Messages of one experiment, worker processes, blows (of those that come several times), seconds between two, how
    long something is down and how long a provider is in trouble at a time, parallel callers with the keys each of them
    uses, clients that send and whether they do by bulk calls, and the seed of everything random."""

    number: int
    workers: int
    kills: int
    every: float = 2.5
    down: float = 3.0
    burst: float = 2.0
    callers: int = 20
    keys: int = 50
    senders: int = 4
    lists: bool = False
    seed: int = 0


FULL = Plan(number=3_000, workers=2, kills=6, down=10.0, callers=50, keys=200)
QUICK = Plan(number=400, workers=2, kills=2, burst=1.0)


def drawn(seed: int | None) -> int:
    """The seed that was given, or a new one."""
    return secrets.randbelow(LARGEST_SEED) if seed is None else seed
