"""The beginning of a chain of channels: whose is it, is it sound, and which of its channels is the first? What follows
is flows/delivery/fallback.py's. The request's own comes before the template's, and that before the category's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.input_error import InputError
from clarion.flows.ingest.asked import Fallback, Send
from clarion.flows.ingest.content import Subject, check_inline, refuse_own_words
from clarion.flows.ingest.gate import judge
from clarion.flows.ingest.repeats import Verdicts
from clarion.records.ledger import fallbacks, store
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.people.facts import PersonFacts

POINTER = "/fallback"


def with_chain(asked: Send, subject: Subject) -> tuple[Send, str]:
    """The send with the chain it is to have, and for one that it did not name itself, whose it is, for the record.

    What the content has nothing for, or the caller may not write to, is left out of such a chain: nobody asked for it
    in this request, so nothing is refused for it. Several channels that were asked for stand for themselves."""
    if asked.fallback is not None:
        return (asked, "") if asked.fallback.channels else (replace(asked, fallback=None), "")
    if len(asked.channels) > 1:
        return asked, ""
    template = subject.template
    rule, owner = (template.fallback, "template") if template and template.fallback else (None, "")
    if rule is None and subject.category.fallback is not None:
        rule, owner = subject.category.fallback, f"category {subject.category.key}"
    if rule is None:
        return asked, ""
    fitting = tuple(key for key in rule.channels if _carries(asked, subject, key))
    chained = replace(asked, fallback=Fallback(channels=fitting, after_seconds=rule.after_seconds))
    if len(chained.chain) < 2:
        return asked, ""
    return chained, f"chain of the {owner}: {', '.join(chained.chain)}"


def _carries(asked: Send, subject: Subject, key: ChannelKey) -> bool:
    if subject.template is not None:
        return key in subject.template.channels
    try:
        refuse_own_words(asked, [key])
        check_inline(key, asked.subject, asked.body, asked.data)
    except InputError:
        return False
    return True


def check_chain(asked: Send, subject: Subject) -> None:
    """Every channel of the chain must be able to carry the content; raises InputError."""
    if asked.fallback is None:
        return
    if len(asked.channels) > 1:
        message = "with fallback, give one channel at most; the chain says what follows it"
        raise InputError("ambiguous_channels", message, pointer=POINTER)
    if len(asked.chain) < 2:
        message = "a chain has two channels at least, the first of them included"
        raise InputError("chain_too_short", message, pointer=POINTER)
    if subject.template is None:
        for key in asked.chain:
            check_inline(key, asked.subject, asked.body, asked.data)
        return
    unsupported = [key for key in asked.chain if key not in subject.template.channels]
    if unsupported:
        message = f"the template has no content for {', '.join(unsupported)}"
        raise InputError("channel_not_supported", message, pointer=POINTER)


def first_of_chain(asked: Send, subject: Subject, person: PersonFacts, now: datetime, whose: str = "") -> Verdicts:
    """The first channel that reaches the person and is allowed; where none is allowed, the first that reaches them,
    whose verdict is then on record, with `whose` chain it is. Raises InputError when none reaches them."""
    passed: list[str] = []
    denied: Verdicts = []
    for key in asked.chain:
        if key not in person.reachable:
            passed.append(f"{key}: no_address")
            continue
        verdict = judge(asked, subject, person, key, now)
        if verdict.goes:
            detail = f"passed over {', '.join(passed)}" if passed else verdict.detail
            return [(key, replace(verdict, detail="; ".join(filter(None, [whose, detail]))))]
        passed.append(f"{key}: {verdict.reason}")
        denied.append((key, verdict))
    if not denied:
        raise InputError("no_address", "the user has no address for any channel of the chain", pointer=POINTER)
    return denied[:1]


def accept(asked: Send, request: NewRequest, rows: Sequence[NewNotification], decisions: Sequence[DecisionRow]) -> None:
    """Store; where the chain watches the clock, its timer in the same transaction."""
    if asked.fallback is None or asked.fallback.after_seconds is None:
        store.accept(request, rows, decisions)
        return
    after = timedelta(seconds=asked.fallback.after_seconds)
    timers = [(row.id, row.due_at + after) for row in rows if row.due_at is not None and _has_next(asked, row.channel)]
    with transaction.atomic():
        store.accept(request, rows, decisions)
        fallbacks.set_timers(timers)


def _has_next(asked: Send, channel: ChannelKey) -> bool:
    return channel != asked.chain[-1]
