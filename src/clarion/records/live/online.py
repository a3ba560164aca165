"""Who has a socket open, in all processes together. Each process keeps a hash of its own, user → sockets, which lives
only while the process says so; so one that dies without a goodbye is forgotten after FORGOTTEN_SECONDS."""

from collections.abc import Collection, Sequence

from django.conf import settings

from clarion.records import volatile

FORGOTTEN_SECONDS = 30


def processes_key() -> str:
    """The set of processes that have sockets, the dead among them."""
    return f"{settings.LAYER_PREFIX}:live:processes"


def process_key(process: str) -> str:
    """The hash of one process."""
    return f"{settings.LAYER_PREFIX}:live:on:{process}"


def sockets(users: Collection[str]) -> dict[str, int]:
    """How many sockets each of these users has; who has none is absent. Raises redis.RedisError."""
    wanted = sorted(users)
    redis = volatile.connection()
    processes: set[str] = redis.smembers(processes_key())  # type: ignore[assignment]
    if not wanted or not processes:
        return {}
    pipeline = redis.pipeline(transaction=False)
    for process in processes:
        pipeline.hmget(process_key(process), wanted)
    found: dict[str, int] = {}
    counts: Sequence[Sequence[str | None]] = pipeline.execute()
    for of_process in counts:
        for user, count in zip(wanted, of_process, strict=True):
            if count:
                found[user] = found.get(user, 0) + int(count)
    return found


def everybody() -> int:
    """How many sockets there are. Raises redis.RedisError."""
    redis = volatile.connection()
    pipeline = redis.pipeline(transaction=False)
    for process in redis.smembers(processes_key()):  # type: ignore[union-attr]
        pipeline.hvals(process_key(process))
    return sum(int(count) for counts in pipeline.execute() for count in counts)
