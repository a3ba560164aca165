"""The doorbell: "there is work in this lane". May be lost, doubled or late without harm; the scheduler rings again.

Bells are coalesced: while one is waiting to be answered, further ones say nothing new. The worker takes the mark off
before it claims, so a mark that is still there belongs to a claim that has not begun and will see our rows.
"""

import time
from collections.abc import Collection

import redis
import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from clarion.records import volatile
from clarion.records.crashing import Point, crash_point
from clarion.records.ledger.lanes import FEEDBACK, JOBS

TASK = "clarion.deliver"
JOBS_TASK = "clarion.take_in"
FEEDBACK_TASK = "clarion.read_feedback"
_OTHER_TASKS = {JOBS: JOBS_TASK, FEEDBACK: FEEDBACK_TASK}
MARK_MILLISECONDS = 1_000
REST_SECONDS = 1.0
log = structlog.get_logger()
_silent_until = 0.0
_away = False


def queue_of(lane: str) -> str:
    """The Celery queue of a lane."""
    return f"lane.{lane}"


def ring_after_commit(lanes: Collection[str]) -> None:
    """Ring when the transaction around us commits; at once when there is none."""
    if lanes:
        transaction.on_commit(lambda: ring(lanes))


def ring(lanes: Collection[str]) -> None:
    """Ring for each lane (or JOBS, FEEDBACK). A broker that is away is left alone a moment: nothing depends on it."""
    global _silent_until, _away  # noqa: PLW0603 - one moment shared by the process
    if not lanes or time.monotonic() < _silent_until:
        return
    if _away:
        # one thread goes and looks, the others do not wait with it
        _silent_until = time.monotonic() + REST_SECONDS
    try:
        for lane in lanes:
            crash_point(Point.BELL_UNRUNG)
            if _mark(lane):
                crash_point(Point.BELL_MARKED)
                task = _OTHER_TASKS.get(lane, TASK)
                arguments = [] if lane in _OTHER_TASKS else [str(lane)]
                current_app.send_task(task, args=arguments, queue=queue_of(lane), retry=False)
        _silent_until, _away = 0.0, False
    except (OperationalError, redis.RedisError, OSError) as error:
        _silent_until, _away = time.monotonic() + REST_SECONDS, True
        log.warning("bell_not_rung", kind=type(error).__name__)


def answer(lane: str) -> None:
    """Take the mark off; called by the worker before it claims."""
    try:
        volatile.connection().delete(_mark_name(lane))
    except redis.RedisError:
        log.warning("bell_mark_kept", lane=lane)


def _mark(lane: str) -> bool:
    try:
        return bool(volatile.connection().set(_mark_name(lane), 1, nx=True, px=MARK_MILLISECONDS))
    except redis.RedisError:
        if settings.BROKER_URL == settings.REDIS_URL:
            raise  # the bell hangs on the same rope, and would wait for it much longer
        return True


def _mark_name(lane: str) -> str:
    return f"clarion:bell:{lane}"
