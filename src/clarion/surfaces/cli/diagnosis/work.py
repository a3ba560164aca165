"""Whether anybody works: processes seen lately, and how long the oldest due notification waits."""

import redis
from django.conf import settings

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import heartbeat
from clarion.records.ledger import queue
from clarion.surfaces.cli.diagnosis.finding import Finding, failed, ok, warning

LATE_SECONDS = 60


def processes() -> list[Finding]:
    """Workers (every lane needs one) and the scheduler. Redis must answer."""
    if not settings.REDIS_URL:
        return []
    try:
        workers, beats = heartbeat.seen("worker"), heartbeat.seen("beat")
    except (redis.RedisError, ValueError):
        return []
    served = {lane for lanes in workers.values() for lane in lanes}
    idle = [key for key in ChannelKey if str(key) not in served]
    if not workers:
        found = failed("workers", "none seen lately", "start `clarion worker` (or everything with `clarion up`)")
    elif idle:
        lanes = ",".join(idle)
        found = failed("workers", f"nobody serves {lanes}", f"start `clarion worker --lanes {lanes}`")
    else:
        found = ok("workers", f"{len(workers)} at work on all lanes")
    if beats:
        return [found, ok("scheduler", "at work")]
    return [found, failed("scheduler", "none seen lately", "start `clarion beat`: scheduled and retried wait for it")]


def backlog() -> list[Finding]:
    """The oldest notification that is due and that no worker holds. The database must answer and have its tables."""
    waits = queue.oldest_due_seconds()
    if not waits:
        return [ok("queue", "nothing waits")]
    text = f"the oldest due notification waits for {waits:.0f} s"
    if waits <= LATE_SECONDS:
        return [ok("queue", text)]
    return [warning("queue", text, "look at workers and accounts in this list; more workers help if all are well")]
