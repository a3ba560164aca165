"""Rendering and addressing, the steps that open what was sealed and run what people wrote.

They change nothing, so a batch in which one piece breaks them (a value that cannot be opened, a bug) is taken apart in
halves until that piece stands alone: it ends as a dead letter, and its neighbours go out.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import DatabaseError, InterfaceError

from clarion.contract.reasons import Reason
from clarion.flows.delivery.address import Addressed, address
from clarion.flows.delivery.render import render
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.personal.envelope import Undecryptable

log = structlog.get_logger()


def prepare(batch: Sequence[Work], now: datetime) -> tuple[list[Addressed], list[Fate]]:
    """What is ready to be handed over, and the fates of what is not."""
    try:
        return _steps(batch, now)
    except (DatabaseError, InterfaceError):
        raise  # nobody's fault in the batch; its lease ends and it is claimed again
    except Exception as bug:  # noqa: BLE001 - the worker's door: one broken piece must not hold up the rest for ever
        if len(batch) == 1:
            return [], [_broken(batch[0], bug, now)]
    middle = len(batch) // 2
    halves = [prepare(half, now) for half in (batch[:middle], batch[middle:])]
    return [item for ready, _ in halves for item in ready], [fate for _, fates in halves for fate in fates]


def _steps(batch: Sequence[Work], now: datetime) -> tuple[list[Addressed], list[Fate]]:
    rendered, unrenderable = render(batch, now)
    addressed, unreachable = address(rendered, now)
    return addressed, [*unrenderable, *unreachable]


def _broken(work: Work, bug: Exception, now: datetime) -> Fate:
    if isinstance(bug, Undecryptable):
        return ended(work, Status.FAILED, Reason.UNDECRYPTABLE, "prepare", "recipient", now, str(bug))
    log.error("preparing_failed", notification=str(work.id), kind=type(bug).__name__, exc_info=bug)
    return ended(work, Status.FAILED, Reason.INTERNAL_ERROR, "prepare", type(bug).__name__, now)
