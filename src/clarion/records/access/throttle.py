"""Login attempts: counted in Redis per address and per client, so that guessing stays slow. Fails closed softly:
when Redis is away, a per-process count takes over."""

import time
from collections import defaultdict, deque

import redis

from clarion.records.personal.ring import ring

LIMIT = 30
WINDOW_SECONDS = 300
_local: dict[str, deque[float]] = defaultdict(deque)


def too_many(connection: "redis.Redis", *subjects: str) -> bool:
    """Count one attempt for each subject; whether any is over the limit of the window."""
    names = [f"clarion:login:{ring().lookup_hash('throttle', subject).hex()[:32]}" for subject in subjects]
    try:
        pipe = connection.pipeline()
        for name in names:
            pipe.incr(name)
            pipe.expire(name, WINDOW_SECONDS, nx=True)
        counts: list[int] = pipe.execute()[::2]
        return max(counts) > LIMIT
    except redis.RedisError:
        over = [_over_locally(name) for name in names]  # all of them, for each call counts under every name
        return any(over)


def _over_locally(name: str) -> bool:
    now = time.monotonic()
    seen = _local[name]
    while seen and seen[0] < now - WINDOW_SECONDS:
        seen.popleft()
    seen.append(now)
    return len(seen) > LIMIT
