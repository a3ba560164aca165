"""Login attempts: counted in Redis per client and per address, so that guessing stays slow. An address has the far
higher limit: anybody can use it up, and its owner must not be locked out by a single stranger. Fails closed softly:
when Redis is away, a per-process count takes over."""

import time
from collections import defaultdict, deque
from collections.abc import Mapping

import redis

from clarion.records.personal.ring import ring

LIMIT = 30
ADDRESS_LIMIT = 10 * LIMIT
WINDOW_SECONDS = 300
_local: dict[str, deque[float]] = defaultdict(deque)


def too_many(connection: "redis.Redis", *subjects: str) -> bool:
    """Count one attempt for each subject; whether any is over the limit of the window."""
    return _over(connection, dict.fromkeys(subjects, LIMIT))


def too_many_logins(connection: "redis.Redis", email: str, client: str) -> bool:
    """Count one attempt to log in with this address, however it is written, from this client. Every door that takes
    passwords asks here: two doors give no second set of guesses."""
    limits = {f"client {client}": LIMIT, f"subject {email.strip().lower()}": ADDRESS_LIMIT}
    return _over(connection, limits)


def _over(connection: "redis.Redis", limits: Mapping[str, int]) -> bool:
    names = {f"clarion:login:{ring().lookup_hash('throttle', s).hex()[:32]}": limit for s, limit in limits.items()}
    try:
        pipe = connection.pipeline()
        for name in names:
            pipe.incr(name)
            pipe.expire(name, WINDOW_SECONDS, nx=True)
        counts: list[int] = pipe.execute()[::2]
        return any(count > limit for count, limit in zip(counts, names.values(), strict=True))
    except redis.RedisError:
        # all of them, for each call counts under every name
        over = [_over_locally(name, limit) for name, limit in names.items()]
        return any(over)


def _over_locally(name: str, limit: int) -> bool:
    now = time.monotonic()
    seen = _local[name]
    while seen and seen[0] < now - WINDOW_SECONDS:
        seen.popleft()
    seen.append(now)
    return len(seen) > limit
