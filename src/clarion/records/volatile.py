"""The Redis connection. Everything in it may vanish at any moment: hints, heartbeats, counters; never truth."""

from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


@lru_cache(maxsize=1)
def connection() -> "redis.Redis":
    """A pooled client with short time-outs, so that a stalled Redis costs a second, not a thread."""
    client: redis.Redis = redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
        decode_responses=True,
    )
    return client
