"""How much chaos is asked for; nothing heavy is imported here, for `clarion --help` is to answer at once."""

from dataclasses import dataclass

ALL = ("flush", "redis", "restart", "postgres", "kill", "pause", "cuts", "wires", "provider", "reset", "callers")


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
