"""Step: from what the accounts said to a fate. Pure but for the jitter, whose source is given.

One notification may have had several messages (devices): one that was taken is success; else the best hope decides.
"""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from msgspec import structs

from clarion.channels.registry import channel as channel_of
from clarion.contract.channel import ChannelKey
from clarion.contract.outcome import Outcome, Rejected, Retry, Sent, Unclear
from clarion.contract.reasons import Reason
from clarion.flows.delivery.backoff import policy_of, used_up, wait_before
from clarion.flows.delivery.send import Told
from clarion.flows.delivery.sms_segments import segments_of
from clarion.flows.delivery.unclear import hold, in_doubt
from clarion.flows.delivery.work import DeadTarget, Fate, Held, Work, ended, held
from clarion.records.ledger.rows import AttemptRow, DecisionRow
from clarion.records.ledger.status import Status

_NAMES = {Sent: "sent", Retry: "retry", Rejected: "rejected", Unclear: "unclear"}


def judge(work: Work, heard: Sequence[Told | Held], started: datetime, now: datetime, rng: Random) -> Fate:
    """The fate of work of which every message has an outcome, or was held."""
    fate = _fate(work, heard, started, now, rng)
    dead = tuple(
        _dead_target(each, each.outcome) for each in heard if isinstance(each, Told) and _is_dead(each.outcome)
    )
    return structs.replace(fate, dead=dead) if dead else fate


def _is_dead(outcome: Outcome) -> bool:
    return isinstance(outcome, Rejected) and outcome.suppress


def _dead_target(told: Told, outcome: Outcome) -> DeadTarget:
    message = told.message
    place = message.id.partition(".")[2]
    return DeadTarget(value=message.target.value, place=place, account=told.account, reason=_why(outcome))


def _fate(work: Work, heard: Sequence[Told | Held], started: datetime, now: datetime, rng: Random) -> Fate:
    told = [each for each in heard if isinstance(each, Told)]
    if not told:
        return _held(work, [each for each in heard if isinstance(each, Held)], now)
    attempts = tuple(_attempt(work, each, started, now) for each in told)
    taken = [each for each in told if isinstance(each.outcome, Sent)]
    waits = [each for each in heard if isinstance(each, Held)]
    if taken and not _owed(work, heard):
        left_out = tuple(_left_out(work, each, now) for each in waits)
        return _sent(work, taken, attempts, left_out)
    doubtful = None if taken else in_doubt(work, told)
    if doubtful is not None:
        return hold(work, _why(doubtful.outcome), now, attempts, doubtful.outcome.detail)
    hopeful = [each for each in told if isinstance(each.outcome, Retry | Unclear)]
    if hopeful:
        fate = _again(work, hopeful[0], attempts, now, rng)
    elif waits and _owed(work, heard):
        fate = structs.replace(_held(work, waits, now), attempts=attempts, untried=False)
    else:
        fate = _dead(work, told[0], attempts, now)
    return _sent(work, taken, attempts, fate.decisions) if fate.to is not None and (taken or work.taken) else fate


def _owed(work: Work, heard: Sequence[Told | Held]) -> bool:
    """A person's devices are one receiver, reached when one of them is; webhook endpoints are each one of its own, and
    those that did not take it are tried again."""
    if work.channel is not ChannelKey.WEBHOOK:
        return False
    return any(isinstance(each, Held) or isinstance(each.outcome, Retry | Unclear) for each in heard)


def _sent(
    work: Work, taken: Sequence[Told], attempts: tuple[AttemptRow, ...], decisions: tuple[DecisionRow, ...]
) -> Fate:
    """It was taken, now or (nothing in `taken`) at an earlier attempt."""
    if not taken:
        return Fate(work=work, to=Status.SENT, attempts=attempts, decisions=decisions)
    first = taken[0]
    to = Status.DELIVERED if first.confirms_delivery else Status.SENT
    remote = first.outcome.remote_id if isinstance(first.outcome, Sent) else ""
    return Fate(work=work, to=to, account=first.account, remote_id=remote, attempts=attempts, decisions=decisions)


def _left_out(work: Work, waits: Held, now: datetime) -> DecisionRow:
    """Another device took it, which is success; that this one was never asked is put on record."""
    place = waits.message.id.partition(".")[2]
    return DecisionRow(
        notification_id=work.id,
        at=now,
        stage="send",
        rule=waits.rule,
        outcome="skip",
        reason=waits.why,
        detail=f"{place} was left out",
    )


def _held(work: Work, waits: Sequence[Held], now: datetime) -> Fate:
    if any(each.why is Reason.EXPIRED for each in waits):
        return ended(work, Status.EXPIRED, Reason.EXPIRED, "send", "expiry", now)
    longest = max(waits, key=lambda each: each.after)
    return held(work, longest.why, "send", longest.rule, longest.after, now)


def _again(work: Work, told: Told, attempts: tuple[AttemptRow, ...], now: datetime, rng: Random) -> Fate:
    policy = policy_of(work.channel, work.category.retry)
    outcome = told.outcome
    why = _why(outcome)
    asked = outcome.after if isinstance(outcome, Retry) else None
    wait = wait_before(work.tries, policy, rng, asked)
    # that no account can be used is no failure of the message's: it waits past the deadline, until it expires
    since = now + wait if why is Reason.NO_PROVIDER else work.since
    spent = used_up(work.tries, now + wait, since, policy)
    if spent:
        return _end(work, Status.FAILED, Reason.RETRIES_EXHAUSTED, told, attempts, now, f"{spent}; last: {why}")
    if work.expires_at is not None and now + wait >= work.expires_at:
        return _end(work, Status.EXPIRED, Reason.EXPIRED, told, attempts, now, f"before the next attempt; last: {why}")
    decision = _decision(work, "retry", why, now, until=now + wait)
    return Fate(work=work, to=None, reason=why, after=wait, attempts=attempts, decisions=(decision,))


def _dead(work: Work, told: Told, attempts: tuple[AttemptRow, ...], now: datetime) -> Fate:
    return _end(work, Status.FAILED, _why(told.outcome), told, attempts, now, told.outcome.detail)


def _end(
    work: Work, to: Status, why: Reason, told: Told, attempts: tuple[AttemptRow, ...], now: datetime, detail: str
) -> Fate:
    decision = _decision(work, to, why, now, detail=detail)
    return Fate(work=work, to=to, reason=why, account=told.account, attempts=attempts, decisions=(decision,))


def _decision(
    work: Work, outcome: str, why: Reason, now: datetime, *, until: datetime | None = None, detail: str = ""
) -> DecisionRow:
    return DecisionRow(
        notification_id=work.id,
        at=now,
        stage="settle",
        rule=f"attempt {work.attempt}",
        outcome=outcome,
        reason=why,
        until=until,
        detail=detail[:500],
    )


def _why(outcome: Outcome) -> Reason:
    return Reason.UNRECOGNISED if isinstance(outcome, Sent) else outcome.why


def _attempt(work: Work, told: Told, started: datetime, now: datetime) -> AttemptRow:
    outcome = told.outcome
    return AttemptRow(
        notification_id=work.id,
        number=work.attempt,
        target=_shown(work, told),
        account=told.account,
        outcome=_NAMES[type(outcome)],
        reason="" if isinstance(outcome, Sent) else outcome.why,
        detail=outcome.detail[:500],
        remote_id=outcome.remote_id if isinstance(outcome, Sent) else "",
        segments=segments_of(told.message, outcome),
        price=outcome.price if isinstance(outcome, Sent) else "",
        place=told.message.id.partition(".")[2],
        started_at=started,
        finished_at=now,
    )


def _shown(work: Work, told: Told) -> str:
    """The address, masked, and the device's or endpoint's id where there are several."""
    place = told.message.id.partition(".")[2]
    masked = channel_of(work.channel).mask(told.message.target.value)
    return f"{masked} {place}" if place else masked


def lost_attempt(work: Work, now: datetime) -> AttemptRow:
    """An earlier worker took this up and was never heard of again: its attempt may have reached the provider."""
    return AttemptRow(
        notification_id=work.id,
        number=work.attempt - 1,
        target="",
        account="",
        outcome="unclear",
        reason=Reason.WORKER_LOST,
        started_at=now,
        finished_at=now,
    )
