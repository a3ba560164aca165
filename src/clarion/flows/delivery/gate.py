"""Step: the gate again, just before sending, because the world moved while the message waited."""

from collections.abc import Sequence
from datetime import datetime

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
        return None
    return ended(work, _STATUS[verdict.outcome], verdict.reason, "gate", verdict.rule, now)
