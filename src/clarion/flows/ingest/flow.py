"""Ingest, step by step. Accepted means durable: when `send` returns, everything is committed and a bell was rung."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from clarion.contract.input_error import InputError
from clarion.contract.reasons import Reason
from clarion.flows.delivery.bell import ring_after_commit
from clarion.flows.ingest import repeats
from clarion.flows.ingest.asked import Accepted, Receipt, Send
from clarion.flows.ingest.chain import accept, check_chain, first_of_chain, with_chain
from clarion.flows.ingest.content import Subject, check_inline, refuse_own_words, resolve
from clarion.flows.ingest.expand import channels_for
from clarion.flows.ingest.gate import judge
from clarion.flows.ingest.repeats import Verdicts
from clarion.flows.ingest.rows import decision_of, payload_of, row_of
from clarion.flows.ingest.sms_number import by_number
from clarion.flows.ingest.timing import at_instant, check_times
from clarion.records.access.permissions import Permission
from clarion.records.ids import new_id
from clarion.records.ledger.rows import NewNotification, NewRequest
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts

log = structlog.get_logger()
USUAL_DELAY = timedelta(seconds=5)


def send(asked: Send, now: datetime) -> Receipt:
    """Take one send in. Raises InputError when it cannot be taken; then nothing is stored."""
    weighed = weigh(asked, now)
    with repeats.one_at_a_time(weighed.asked, weighed.subject, [key for key, _ in weighed.verdicts]):
        return _store(weighed.asked, weighed.subject, weighed.verdicts, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What is to be sent when and to whom, and the verdict on each of its channels."""

    asked: Send
    subject: Subject
    person: PersonFacts
    verdicts: Verdicts


def weigh(asked: Send, now: datetime) -> Weighed:
    """Everything before storing, without effects. Raises InputError."""
    authorise(asked)
    check_times(asked, now)
    subject = resolve(asked)
    asked, whose_chain = with_chain(asked, subject)
    check_chain(asked, subject)
    person = by_number(asked, subject, _person(asked, subject))
    asked = at_instant(asked, person.timezone, now)
    verdicts = _judged(asked, subject, person, now, whose_chain)
    return Weighed(asked=asked, subject=subject, person=person, verdicts=verdicts)


def _judged(asked: Send, subject: Subject, person: PersonFacts, now: datetime, whose_chain: str) -> Verdicts:
    """The channels it goes to, each with what the rules say. Raises InputError."""
    if asked.fallback is not None:
        refuse_own_words(asked, asked.chain)
        return first_of_chain(asked, subject, person, now, whose_chain)
    channels = channels_for(asked, subject, person)
    refuse_own_words(asked, channels)
    if subject.template is None and not asked.channels:
        for key in channels:
            check_inline(key, asked.subject, asked.body, asked.data)
    return [(key, judge(asked, subject, person, key, now)) for key in channels]


def authorise(asked: Send) -> None:
    """Sending to somebody else and passing preferences over each need a permission of their own."""
    if asked.user_id != asked.caller.user_id and not asked.caller.may(Permission.SEND_OTHERS):
        raise InputError("permission_denied", "sending to others needs the permission 'send_others'", status=403)
    if asked.bypass and not asked.caller.may(Permission.BYPASS):
        raise InputError(
            "permission_denied",
            "bypass_preferences needs the permission 'bypass'",
            pointer="/options/bypass_preferences",
            status=403,
        )


def _person(asked: Send, subject: Subject) -> PersonFacts:
    person = facts.load([asked.user_id], [subject.category.id]).get(asked.user_id)
    if person is None or not person.active:
        raise InputError("user_not_found", "there is no active user with this id", pointer="/user_id", status=404)
    return person


def _store(asked: Send, subject: Subject, verdicts: Verdicts, now: datetime) -> Receipt:
    firsts = repeats.first_sent(asked, subject, [key for key, _ in verdicts], now)
    verdicts = [(key, repeats.held_back(verdict, firsts.get(key))) for key, verdict in verdicts]
    request = NewRequest(
        id=new_id(),
        caller_kind=asked.caller.kind,
        caller_id=asked.caller.id,
        payload=payload_of(asked),
        created_at=now,
    )
    rows = [row_of(asked, subject, key, verdict, now) for key, verdict in verdicts]
    decisions = [decision_of(row, verdict, now, asked.local) for row, (_, verdict) in zip(rows, verdicts, strict=True)]
    accept(asked, request, rows, decisions)
    ring_after_commit({row.channel for row in rows if row.due_at is not None and row.due_at <= now})
    log.info("accepted", send_request=str(request.id), notifications=[str(row.id) for row in rows])
    closings = [verdict.digest.closes_at if verdict.digest else None for _, verdict in verdicts]
    due = min((end or row.due_at for row, end in zip(rows, closings, strict=True) if row.due_at), default=None)
    return Receipt(
        request_id=request.id,
        user_id=asked.user_id,
        created_at=now,
        notifications=tuple(_accepted(row, firsts.get(row.channel)) for row in rows),
        estimated_delivery=due + USUAL_DELAY if due else None,
    )


def _accepted(row: NewNotification, first: UUID | None) -> Accepted:
    repeated = first if row.reason == Reason.DUPLICATE else None
    return Accepted(id=row.id, channel=row.channel, status=row.status, reason=row.reason, first=repeated)
