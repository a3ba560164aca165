"""Deduplication: within a category's window, a user gets one reference once on each channel. Repeats are put on record
as suppressed and name the first."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.ingest.asked import Send
from clarion.flows.ingest.content import Subject
from clarion.records.ledger import repeats
from clarion.records.ledger.bulk_store import Form, Taken
from clarion.records.ledger.repeats import Mark
from clarion.records.ledger.rows import DecisionRow, NewNotification
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import Outcome, Verdict

RULE = "duplicate"
Verdicts = list[tuple[ChannelKey, Verdict]]


def is_watched(asked: Send, subject: Subject) -> bool:
    """Whether repeats of it are held back."""
    return bool(asked.reference) and subject.category.dedup_window > timedelta(0)


@contextmanager
def one_at_a_time(asked: Send, subject: Subject, channels: Sequence[ChannelKey]) -> Iterator[None]:
    """While the block looks and stores, no other send of the same reference does; only where repeats are held back."""
    if not is_watched(asked, subject):
        yield
        return
    with transaction.atomic():
        repeats.hold([mark_of(asked, subject, key) for key in channels])
        yield


def first_sent(asked: Send, subject: Subject, channels: Sequence[ChannelKey], now: datetime) -> dict[ChannelKey, UUID]:
    """The notification that each channel's would repeat; channels that repeat nothing are absent."""
    if not is_watched(asked, subject):
        return {}
    marks = [mark_of(asked, subject, key) for key in channels]
    found = repeats.earlier(marks, now - subject.category.dedup_window)
    return {key: found[mark] for key, mark in zip(channels, marks, strict=True) if mark in found}


def held_back(verdict: Verdict, first: UUID | None) -> Verdict:
    """The verdict on a notification that would repeat `first`; what is suppressed anyway keeps its own reason."""
    if first is None or not verdict.goes:
        return verdict
    return Verdict(outcome=Outcome.SUPPRESS, rule=RULE, reason=Reason.DUPLICATE, detail=f"of {first}")


def without_repeats(subject: Subject, taken: list[Taken], now: datetime) -> list[Taken]:
    """A chunk of a list with its repeats held back, within the open transaction."""
    window = subject.category.dedup_window
    if window <= timedelta(0):
        return taken
    going = {_mark(one) for one in taken if one.form.row.due_at is not None and one.form.row.reference}
    if not going:
        return taken
    repeats.hold(going)
    firsts = repeats.earlier(going, now - window)
    return [_held(one, firsts) if one.form.row.due_at is not None else one for one in taken]


def _held(one: Taken, firsts: Mapping[Mark, UUID]) -> Taken:
    first = firsts.get(_mark(one))
    if first is None:
        return one
    return one._replace(form=Form(row=_suppressed(one.form.row), decision=_told(one.form.decision, first)))


def _suppressed(row: NewNotification) -> NewNotification:
    return replace(row, status=Status.SUPPRESSED, reason=Reason.DUPLICATE, due_at=None)


def _told(decision: DecisionRow, first: UUID) -> DecisionRow:
    return replace(
        decision, rule=RULE, outcome=Outcome.SUPPRESS, reason=Reason.DUPLICATE, until=None, detail=f"of {first}"
    )


def _mark(one: Taken) -> Mark:
    row = one.form.row
    return Mark(user_id=one.user_id, category_id=row.category_id, reference=row.reference, channel=str(row.channel))


def mark_of(asked: Send, subject: Subject, key: ChannelKey) -> Mark:
    """What makes another notification the same as this one."""
    return Mark(user_id=asked.user_id, category_id=subject.category.id, reference=asked.reference, channel=str(key))
