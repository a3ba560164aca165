"""Step: the gate again, just before sending, because the world moved while the message waited."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from clarion.contract.reasons import Reason
from clarion.flows.delivery.closing import refused
from clarion.flows.delivery.digest_template import DIGEST
from clarion.flows.delivery.digesting import collect, is_told_of
from clarion.flows.delivery.fallback import has_chain
from clarion.flows.delivery.holding import held_back
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import Asked, Outcome, Verdict, Wishes, decide

Said = dict[tuple[object, ...], Verdict]
_STATUS = {Outcome.SUPPRESS: Status.SUPPRESSED, Outcome.EXPIRE: Status.EXPIRED}


def gate(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Those that may go out, and the fates of those that may not, or not yet."""
    passed: list[Work] = []
    fates: list[Fate] = []
    collected: list[tuple[Work, Verdict]] = []
    said: Said = {}
    for work in batch:
        told = _judge(work, now, said)
        if isinstance(told, Fate):
            fates.append(told)
        elif told.outcome is Outcome.DIGEST:
            collected.append((work, told))
        else:
            passed.append(work)
    if collected:
        alone, together = collect(collected, now)
        fates.extend(together)
        for work in alone:
            held = _held_alone(work, now)
            passed.extend([work] if held is None else [])
            fates.extend([held] if held is not None else [])
    return passed, fates


def _held_alone(work: Work, now: datetime) -> Fate | None:
    """The fate of what no window takes and quiet hours hold: only what is collected disturbs nobody in them."""
    assert work.person is not None
    asked = replace(asked_of(work), collected=True)
    verdict = decide(work.person.wishes_for(work.category.id), asked, now)
    return held_back(work, verdict, now) if verdict.outcome is Outcome.HOLD else None


def _judge(work: Work, now: datetime, said: Said) -> Fate | Verdict:
    """Its fate, or the verdict of what goes on."""
    if work.person is None or not work.person.active:
        return ended(work, Status.FAILED, Reason.USER_GONE, "gate", "recipient", now)
    if work.payload is None:
        return ended(work, Status.FAILED, Reason.UNDECRYPTABLE, "gate", "payload", now)
    verdict = _verdict(work, work.person.wishes_for(work.category.id), now, said)
    if verdict.outcome in _STATUS and verdict.reason is not None:
        return ended(work, _STATUS[verdict.outcome], verdict.reason, "gate", verdict.rule, now, verdict.detail)
    unwanted = refused(work, now)
    if unwanted is not None:
        detail = "nothing that it tells of is wanted any more"
        return ended(work, Status.SUPPRESSED, unwanted, "gate", DIGEST, now, detail)
    misfired = _misfire(work, now)
    if misfired is not None:
        return misfired
    return held_back(work, verdict, now) if verdict.outcome is Outcome.HOLD else verdict


def _verdict(work: Work, wishes: Wishes, now: datetime, said: Said) -> Verdict:
    """What the rules say. People who set the same have the same wishes (people/facts.py), so it is asked once for all
    who are alike in this batch; the batch keeps the wishes, lest others get their id meanwhile."""
    likeness = (
        id(wishes),
        work.category.id,
        work.channel,
        work.priority,
        work.bypass,
        work.template_id,
        work.expires_at,
        work.counted,
        is_told_of(work),
        has_chain(work),
    )
    verdict = said.get(likeness)
    if verdict is None:
        verdict = said[likeness] = decide(wishes, asked_of(work), now)
    return verdict


def asked_of(work: Work) -> Asked:
    """The work as the rules see it. It is due, so what it was scheduled for does not matter any more."""
    return Asked(
        channel=work.channel,
        priority=work.priority,
        marketing=work.category.marketing,
        essential=work.category.essential,
        bypass=work.bypass,
        expires_at=work.expires_at,
        template_id=work.template_id,
        counted=work.counted,
        collected=is_told_of(work),
        chained=has_chain(work),
        policy=policy_of(work.category),
    )


def _misfire(work: Work, now: datetime) -> Fate | None:
    scheduled = work.scheduled_at is not None and work.replayed_at is None
    if not scheduled or not is_misfired(work.due_at, work.category.skip_after, now):
        return None
    detail = f"due at {work.due_at:%Y-%m-%dT%H:%M:%SZ}"
    return ended(work, Status.EXPIRED, Reason.MISFIRED, "gate", "misfire", now, detail)


def is_misfired(due_at: datetime, skip_after: timedelta | None, now: datetime) -> bool:
    """Whether scheduled work is found so late that its category wants it skipped; None: late work is sent."""
    return skip_after is not None and now - due_at > skip_after
