"""What is done to the system. A fault acts once, waits where it has to, and says which time it made ambiguous."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.chaos.verdict import Window
from clarion.surfaces.cli.chaos.victims import POSTGRES, VALKEY, WORKER, Victims

# A worker settles in groups or after a second; what it was told before that and has not written is lost with it. The
# rest is for a busy machine.
UNSETTLED_SECONDS = 1.5
DOWN_SECONDS = 3.0
STOP_SECONDS = 8.0
BACK_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What a fault did: to how many, and when messages may have been handed over without being settled. `stuck`: how
    many did not end when asked and were killed."""

    hits: int
    window: Window | None
    stuck: int = 0


Fault = Callable[[Victims, random.Random], Blow]


def kill_worker(victims: Victims, rng: random.Random) -> Blow:
    """SIGKILL to one worker's process group."""
    victims.await_one(WORKER)
    hits = int(victims.kill_group(rng.choice(victims.workers() or [0])))
    now = time.time()
    return Blow(hits=hits, window=Window(begins=now - UNSETTLED_SECONDS, ends=now + 0.2) if hits else None)


def restart_workers(victims: Victims, rng: random.Random) -> Blow:
    """SIGTERM to each worker in turn; the next when the last is gone. Nothing may be ambiguous. One that does not end
    in STOP_SECONDS is killed, as every supervisor would."""
    hits = stuck = 0
    for pid in victims.workers():
        hits += victims.ask_to_stop(pid)
        deadline = time.monotonic() + STOP_SECONDS
        while pid in victims.workers() and time.monotonic() < deadline:
            time.sleep(0.05)
        stuck += pid in victims.workers() and victims.kill_group(pid)
        victims.await_one(WORKER, other_than=pid)
    return Blow(hits=hits, window=None, stuck=stuck)


def flush_redis(victims: Victims, rng: random.Random) -> Blow:
    """FLUSHALL: every bell, mark and counter is gone."""
    client = redis.Redis.from_url(victims.redis_url(), socket_timeout=5)
    try:
        client.flushall()
    except redis.RedisError as error:
        raise BenchFailed("The bundled Valkey did not take FLUSHALL.") from error
    finally:
        client.close()
    return Blow(hits=1, window=None)


def stop_redis(victims: Victims, rng: random.Random) -> Blow:
    """SIGKILL Valkey, and again as often as it comes back within DOWN_SECONDS."""
    return Blow(hits=_keep_down(victims, VALKEY, DOWN_SECONDS), window=None)


def kill_postgres(victims: Victims, rng: random.Random) -> Blow:
    """SIGKILL the postmaster; its backends notice and end. Ambiguous until it takes writes again."""
    began = time.time()
    hits = _keep_down(victims, POSTGRES, 0)
    deadline = time.monotonic() + BACK_SECONDS
    while victims.waiting() is None:
        if time.monotonic() > deadline:
            raise BenchFailed("PostgreSQL did not come back in time.")
        time.sleep(0.1)
    return Blow(hits=hits, window=Window(begins=began - UNSETTLED_SECONDS, ends=time.time() + UNSETTLED_SECONDS))


def _keep_down(victims: Victims, word: str, seconds: float) -> int:
    until = time.monotonic() + seconds
    hits, last = 0, 0
    while not hits or time.monotonic() < until:
        last = victims.await_one(word, other_than=last)
        hits += victims.kill(last)
    return hits
