"""Who was alive lately: workers and the scheduler sign in Redis every few seconds. For readiness, nothing else."""

import os
import socket
import threading
import time
from collections.abc import Sequence

import redis

from clarion.records import volatile

KEY = "clarion:alive"
SECONDS = 5.0
STALE_SECONDS = 20.0


def beat(kind: str, lanes: Sequence[str]) -> None:
    """Sign once; silent when Redis is away (readiness says so by itself)."""
    member = f"{kind}|{socket.gethostname()}:{os.getpid()}|{','.join(lanes)}"
    try:
        volatile.connection().zadd(KEY, {member: time.time()})
    except redis.RedisError:
        return


def keep_beating(kind: str, lanes: Sequence[str]) -> threading.Event:
    """Sign every SECONDS from a thread until the returned event is set."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            beat(kind, lanes)
            stop.wait(SECONDS)

    threading.Thread(target=work, name="heartbeat", daemon=True).start()
    return stop


def seen(kind: str) -> dict[str, set[str]]:
    """Processes of a kind seen within STALE_SECONDS → the lanes they serve. Raises redis.RedisError."""
    client = volatile.connection()
    client.zremrangebyscore(KEY, 0, time.time() - 3600)
    members: list[str] = client.zrangebyscore(KEY, time.time() - STALE_SECONDS, "+inf")  # type: ignore[assignment]
    found = {}
    for member in members:
        what, who, lanes = member.split("|")
        if what == kind:
            found[who] = {lane for lane in lanes.split(",") if lane}
    return found
