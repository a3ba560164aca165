"""Step: the gate again, just before sending, because the world moved while the message waited."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from clarion.contract.reasons import Reason
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import Asked, Outcome, decide

_STATUS = {Outcome.SUPPRESS: Status.SUPPRESSED, Outcome.EXPIRE: Status.EXPIRED}


def gate(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Those that may go out, and the fates of those that may not."""
    passed: list[Work] = []
    fates: list[Fate] = []
    for work in batch:
        fate = _judge(work, now)
        if fate is None:
            passed.append(work)
        else:
            fates.append(fate)
    return passed, fates


def _judge(work: Work, now: datetime) -> Fate | None:
    if work.person is None or not work.person.active:
        return ended(work, Status.FAILED, Reason.USER_GONE, "gate", "recipient", now)
    if work.payload is None:
        return ended(work, Status.FAILED, Reason.UNDECRYPTABLE, "gate", "payload", now)
    asked = Asked(
        channel=work.channel,
        priority=work.priority,
        marketing=work.category.marketing,
        essential=work.category.essential,
        bypass=work.bypass,
        expires_at=work.expires_at,
    )
    verdict = decide(work.person.wishes_for(work.category.id), asked, now)
    if verdict.allows or verdict.reason is None:
        return _misfire(work, now)
    return ended(work, _STATUS[verdict.outcome], verdict.reason, "gate", verdict.rule, now)


def _misfire(work: Work, now: datetime) -> Fate | None:
    scheduled = work.scheduled_at is not None and work.replayed_at is None
    if not scheduled or not is_misfired(work.due_at, work.category.skip_after, now):
        return None
    detail = f"due at {work.due_at:%Y-%m-%dT%H:%M:%SZ}"
    return ended(work, Status.EXPIRED, Reason.MISFIRED, "gate", "misfire", now, detail)


def is_misfired(due_at: datetime, skip_after: timedelta | None, now: datetime) -> bool:
    """Whether scheduled work is found so late that its category wants it skipped; None: late work is sent."""
    return skip_after is not None and now - due_at > skip_after
