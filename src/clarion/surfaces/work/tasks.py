"""The worker's door: a doorbell wakes the lane it names, and where no bell is heard, the lookout does."""

from threading import Event
from typing import Any

import structlog
from celery import shared_task
from celery.signals import celeryd_after_setup, worker_ready, worker_shutdown, worker_shutting_down
from django.db import DatabaseError, InterfaceError, connection

from clarion.contract.structs import make_structs_ready
from clarion.flows.delivery import bell, flow, heartbeat
from clarion.flows.delivery.beat import waiting
from clarion.flows.delivery.leases import keeper
from clarion.flows.delivery.lookout import Lookout
from clarion.flows.delivery.presence import presence
from clarion.flows.delivery.stopping import stopping
from clarion.flows.feedback import flow as feedback
from clarion.flows.ingest import audience
from clarion.records.ledger.lanes import FEEDBACK, JOBS, lanes

log = structlog.get_logger()
_lookouts: list[Lookout] = []
_beating: list[Event] = []


@shared_task(name=bell.TASK, ignore_result=True)
def deliver(lane: str) -> None:
    """Answer the bell of a lane. A bell of an unknown lane is noted and dropped."""
    _heard()
    if lane not in lanes():
        log.warning("bell_of_unknown_lane")
        return
    _deliver(lane)


@shared_task(name=bell.JOBS_TASK, ignore_result=True)
def take_in() -> None:
    """Go on taking audiences in."""
    _heard()
    _take_in()


@shared_task(name=bell.FEEDBACK_TASK, ignore_result=True)
def read_feedback() -> None:
    """Read what vendors reported."""
    _heard()
    _read_feedback()


def _heard() -> None:
    for lookout in _lookouts:
        lookout.heard()


def _answer(queue: str) -> None:
    if queue == JOBS:
        _take_in()
    elif queue == FEEDBACK:
        _read_feedback()
    else:
        _deliver(queue)


def _deliver(lane: str) -> None:
    try:
        flow.drain(lane)
    except (DatabaseError, InterfaceError) as error:
        # what was claimed comes back when its lease ends, or sooner, with the mark it was claimed under
        log.warning("delivery_interrupted", lane=lane, kind=type(error).__name__)
        presence.renew()
        connection.close()


def _take_in() -> None:
    bell.answer(JOBS)
    try:
        audience.take_in_all()
    except (DatabaseError, InterfaceError) as error:
        # the page in hand was rolled back with its cursor; the scheduler rings again
        log.warning("taking_in_interrupted", kind=type(error).__name__)
        connection.close()


def _read_feedback() -> None:
    try:
        feedback.drain()
    except (DatabaseError, InterfaceError) as error:
        # what was claimed is due again in a minute; reading it twice changes nothing
        log.warning("feedback_interrupted", kind=type(error).__name__)
        connection.close()


@celeryd_after_setup.connect
def _look_out(instance: Any, **_: Any) -> None:
    """Before there is a connection to the broker: a worker that starts without one finds its work itself."""
    make_structs_ready()
    presence.start(keeper.held)
    lookout = Lookout(_queues_of(instance), waiting, _answer)
    lookout.start()
    _lookouts.append(lookout)


@worker_ready.connect
def _sign_in(sender: Any, **_: Any) -> None:
    _beating.append(heartbeat.keep_beating("worker", _queues_of(sender)))


def _queues_of(worker: Any) -> list[str]:
    return [name.removeprefix("lane.") for name in worker.app.amqp.queues]


@worker_shutting_down.connect
def _finish_in_hand(**_: Any) -> None:
    """A worker that claims no more must not look alive. Its presence stays: it goes with the process, which may still
    have work in hand."""
    stopping.set()
    for lookout in _lookouts:
        lookout.stop()
    for beating in _beating:
        beating.set()


@worker_shutdown.connect
def _finish_what_was_found(**_: Any) -> None:
    """Celery waits for what it started itself, and for nothing else."""
    for lookout in _lookouts:
        lookout.finish()
