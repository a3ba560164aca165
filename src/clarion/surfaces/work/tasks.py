"""The worker's door: a doorbell wakes the lane it names."""

from threading import Event
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.db import DatabaseError, InterfaceError, connection

from clarion.flows.delivery import bell, flow, heartbeat
from clarion.flows.delivery.stopping import stopping
from clarion.flows.ingest import audience
from clarion.records.ledger.lanes import JOBS, lanes

log = structlog.get_logger()


@shared_task(name=bell.TASK, ignore_result=True)
def deliver(lane: str) -> None:
    """Answer the bell of a lane. A bell of an unknown lane is noted and dropped."""
    if lane not in lanes():
        log.warning("bell_of_unknown_lane")
        return
    try:
        flow.drain(lane)
    except (DatabaseError, InterfaceError) as error:
        # what was claimed comes back when its lease ends; the scheduler rings again
        log.warning("delivery_interrupted", lane=lane, kind=type(error).__name__)
        connection.close()


@shared_task(name=bell.JOBS_TASK, ignore_result=True)
def take_in() -> None:
    """Go on taking audiences in."""
    bell.answer(JOBS)
    try:
        audience.take_in_all()
    except (DatabaseError, InterfaceError) as error:
        # the page in hand was rolled back with its cursor; the scheduler rings again
        log.warning("taking_in_interrupted", kind=type(error).__name__)
        connection.close()


_beating: list[Event] = []


@worker_ready.connect
def _sign_in(sender: Any, **_: Any) -> None:
    queues = [name.removeprefix("lane.") for name in sender.app.amqp.queues]
    _beating.append(heartbeat.keep_beating("worker", queues))


@worker_shutting_down.connect
def _finish_in_hand(**_: Any) -> None:
    """A worker that claims no more must not look alive."""
    stopping.set()
    for beating in _beating:
        beating.set()
