"""The Celery app. Messages are doorbells: small, loseable, doubled without harm; truth is in PostgreSQL."""

import os
import warnings
from typing import Any

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import setup_logging, worker_init, worker_ready
from kombu.entity import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")

from django.conf import settings

from clarion.flows.delivery.bell import queue_of
from clarion.records.ledger.lanes import FEEDBACK, JOBS, lanes

# it warns of pickle as root; only JSON is accepted here
warnings.simplefilter("ignore", SecurityWarning)

# Of who rings: a broker that is away must not hold up an answer of the API. Kombu would wait two seconds between tries.
_ONE_TRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}

app = Celery("clarion")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options=(
        {
            "visibility_timeout": 600,
            "socket_timeout": 30,
            "socket_keepalive": True,
            "health_check_interval": 25,
            "socket_connect_timeout": 2,
            "retry_on_timeout": False,
            **_ONE_TRY,
        }
        if settings.BROKER_URL.startswith("redis")
        else {"confirm_publish": True, **_ONE_TRY}
    ),
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_acks_late=False,
    worker_prefetch_multiplier=1,
    task_create_missing_queues=False,
    task_default_queue="lane.email",
    task_queues=[Queue(queue_of(lane), durable=True) for lane in (*lanes(), JOBS, FEEDBACK)],
    accept_content=["json"],
    task_serializer="json",
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    imports=["clarion.surfaces.work.tasks"],
)


@setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery would install its own; Django's settings already did."""


@worker_init.connect
def _start_soundly(**_: Any) -> None:
    """Refuse to work half configured; then make the account rows equal to the environment."""
    from clarion.config.checks import require_soundness
    from clarion.config.wiring import configured
    from clarion.records.accounts import book

    require_soundness()
    book.mirror(configured(settings.ENV))


@worker_ready.connect
def _settle_down(**_: Any) -> None:
    """All is loaded."""
    from clarion.config.collecting import settle_down

    settle_down()
