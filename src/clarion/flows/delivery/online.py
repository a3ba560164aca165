"""Step: no push to people who are here anyway. In a category that says so (`skip_push_when_online`), a push to somebody
with a socket open is not sent, for the page that holds the socket shows the news itself.

Critical work goes out, and so does what has a chain of channels: that goes by what was read, not by who is here. One
question to Redis for a batch; when it does not answer, or no category asks for it, everything goes out.
"""

from collections.abc import Sequence
from datetime import datetime

import redis
import structlog

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery.fallback import has_chain
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.live import online
from clarion.records.preferences.rules import CRITICAL

log = structlog.get_logger()


def without_those_online(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Those that go on, and the fates of those whose people are online."""
    asked = {str(work.user_id) for work in batch if _may_be_left_out(work)}
    here = _online(asked) if asked else {}
    passed: list[Work] = []
    fates: list[Fate] = []
    for work in batch:
        if str(work.user_id) in here and _may_be_left_out(work):
            detail = f"{work.category.key} skips push to people who are online"
            fates.append(
                ended(work, Status.SUPPRESSED, Reason.RECIPIENT_ONLINE, "gate", "skip_push_when_online", now, detail)
            )
        else:
            passed.append(work)
    return passed, fates


def _may_be_left_out(work: Work) -> bool:
    return (
        work.channel is ChannelKey.PUSH
        and work.category.skip_push_when_online
        and work.priority != CRITICAL
        and not has_chain(work)
    )


def _online(users: set[str]) -> dict[str, int]:
    try:
        return online.sockets(users)
    except (redis.RedisError, OSError) as error:
        log.warning("online_not_known", kind=type(error).__name__)
        return {}
