"""What is done to the system. A fault acts once, waits where it has to, and says which time it made ambiguous."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from clarion.surfaces.cli.bench.ground import Receipt
from clarion.surfaces.cli.bench.measured import BenchFailed
from clarion.surfaces.cli.chaos.orders import Books, Order
from clarion.surfaces.cli.chaos.plan import Plan
from clarion.surfaces.cli.chaos.verdict import Window
from clarion.surfaces.cli.chaos.victims import POSTGRES, VALKEY, WORKER, Victims

# A worker settles in groups or after a second; what it was told before that and has not written is lost with it. The
# rest is for a busy machine.
UNSETTLED_SECONDS = 1.5
STOP_SECONDS = 8.0
BACK_SECONDS = 45.0
# longer than a lease: others take up what the worker holds, and then it wakes
PAUSE_SECONDS = 36.0
CUT_EVERY_SECONDS = 0.2
CUTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """What a fault did: to how many, and when messages may have been handed over without being settled. `stuck`: how
    many did not end when asked and were killed. `back_at`: when what was down took work again (Unix time)."""

    hits: int
    window: Window | None
    stuck: int = 0
    back_at: float | None = None


Fault = Callable[[Victims, random.Random, Plan], Blow]


def kill_worker(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """SIGKILL to one worker's process group."""
    victims.await_one(WORKER)
    hits = int(victims.kill_group(rng.choice(victims.workers() or [0])))
    now = time.time()
    return Blow(hits=hits, window=Window(begins=now - UNSETTLED_SECONDS, ends=now + 0.2) if hits else None)


def pause_worker(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """SIGSTOP to one worker's process group, for longer than a lease, then SIGCONT. Ambiguous from what it had not
    settled then until it has settled, in vain, what it was doing."""
    began = time.time()
    pid = rng.choice(victims.workers() or [victims.await_one(WORKER)])
    hits = int(victims.pause(pid))
    time.sleep(PAUSE_SECONDS)
    victims.go_on(pid)
    return Blow(hits=hits, window=Window(begins=began - UNSETTLED_SECONDS, ends=time.time() + UNSETTLED_SECONDS))


def restart_workers(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """SIGTERM to each worker in turn; the next when another is ready in its place. Nothing may be ambiguous. One
    that does not end in STOP_SECONDS is killed, as every supervisor would."""
    hits = stuck = 0
    before = victims.workers()
    for pid in before:
        hits += victims.ask_to_stop(pid)
        deadline = time.monotonic() + STOP_SECONDS
        while pid in victims.workers() and time.monotonic() < deadline:
            time.sleep(0.05)
        stuck += pid in victims.workers() and victims.kill_group(pid)
        victims.await_ready(len(before), without=pid)
    return Blow(hits=hits, window=None, stuck=stuck)


def flush_redis(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """FLUSHALL: every bell, mark and counter is gone."""
    client = redis.Redis.from_url(victims.redis_url(), socket_timeout=5)
    try:
        client.flushall()
    except redis.RedisError as error:
        raise BenchFailed("The bundled Valkey did not take FLUSHALL.") from error
    finally:
        client.close()
    return Blow(hits=1, window=None, back_at=time.time())


def stop_redis(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """SIGKILL Valkey, and again as often as it comes back while it is to be down."""
    hits = _keep_down(victims, VALKEY, plan.down)
    victims.await_one(VALKEY)
    return Blow(hits=hits, window=None, back_at=time.time())


def kill_postgres(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """SIGKILL the postmaster; its backends notice and end. Ambiguous until it takes writes again."""
    began = time.time()
    hits = _keep_down(victims, POSTGRES, 0)
    deadline = time.monotonic() + BACK_SECONDS
    while victims.waiting() is None:
        if time.monotonic() > deadline:
            raise BenchFailed("PostgreSQL did not come back in time.")
        time.sleep(0.1)
    window = Window(begins=began - UNSETTLED_SECONDS, ends=time.time() + UNSETTLED_SECONDS)
    return Blow(hits=hits, window=window, back_at=time.time())


def cut_connections(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """End all database sessions and Redis connections, over and over for two seconds: each caller loses its answer,
    that to a COMMIT too. Workers keep what they were told and write it over the next connection."""
    began = time.time()
    hits = 0
    for _ in range(CUTS):
        hits += victims.cut_sessions() + _cut_redis(victims)
        time.sleep(CUT_EVERY_SECONDS)
    window = Window(begins=began - UNSETTLED_SECONDS, ends=time.time() + UNSETTLED_SECONDS)
    return Blow(hits=hits, window=window, back_at=time.time())


def cut_wires(victims: Victims, rng: random.Random, plan: Plan) -> Blow:
    """Cut the connections to the providers at any byte, for a while. What was cut after its last byte is unclear."""
    ground = victims.ground
    assert ground is not None
    began = time.time()
    ground.order_sinks(Order(trouble="cut"), list[Receipt])
    time.sleep(plan.burst)
    ground.order_sinks(Order(trouble="none"), list[Receipt])
    window = Window(begins=began - UNSETTLED_SECONDS, ends=time.time() + UNSETTLED_SECONDS)
    return Blow(hits=ground.order_sinks("books", Books).cuts, window=window, back_at=time.time())


def _cut_redis(victims: Victims) -> int:
    client = redis.Redis.from_url(victims.redis_url(), socket_timeout=5)
    try:
        killed = client.client_kill_filter(_type="normal", skipme=True)
        return killed if isinstance(killed, int) else 0
    except redis.RedisError:
        return 0
    finally:
        client.close()


def _keep_down(victims: Victims, word: str, seconds: float) -> int:
    until = time.monotonic() + seconds
    hits, last = 0, 0
    while not hits or time.monotonic() < until:
        last = victims.await_one(word, other_than=last)
        hits += victims.kill(last)
    return hits
