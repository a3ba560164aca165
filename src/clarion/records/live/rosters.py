"""Who is in which room, in all processes together. Each process keeps a set of people for each of its rooms, and says
every few seconds that it lives; the sets of one that does not count no more, and another process clears them away and
tells the rooms. People who do not want to be seen are in no set. A hint like all of this: nobody is let in by it."""

from collections.abc import Sequence

from django.conf import settings

from clarion.records import volatile

FORGOTTEN_SECONDS = 30


def processes_key() -> str:
    """The set of processes that have somebody in a room, the dead among them."""
    return f"{settings.LAYER_PREFIX}:rooms:processes"


def alive_key(process: str) -> str:
    """There while the process says so."""
    return f"{settings.LAYER_PREFIX}:rooms:alive:{process}"


def rooms_key(process: str) -> str:
    """The set of rooms in which the process has somebody."""
    return f"{settings.LAYER_PREFIX}:rooms:of:{process}"


def people_key(process: str, room: str) -> str:
    """The set of people whom the process has in a room."""
    return f"{settings.LAYER_PREFIX}:rooms:in:{process}:{room}"


def people_in(room: str) -> set[str]:
    """The visible people who are in the room. Raises redis.RedisError."""
    redis = volatile.connection()
    names: list[str] = sorted(redis.smembers(processes_key()))  # type: ignore[arg-type]
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.exists(alive_key(name))
        pipeline.smembers(people_key(name, room))
    answers: Sequence[object] = pipeline.execute()
    found: set[str] = set()
    for alive, people in zip(answers[::2], answers[1::2], strict=True):
        if alive and isinstance(people, set):
            found |= people
    return found
