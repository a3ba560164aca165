"""Step: frequency caps. A place under each cap that concerns it is taken for good just before a notification goes out.

The gate has looked at the counts already; here they are looked at again under a lock on each person, so two workers
never overshoot. In a batch, urgent ones take their places first; low priority leaves the last quarter of a cap to the
others (rules.room). A place belongs to the notification: a retry has it already, and one that ends unsent gives it back
(records/ledger/transitions.py). Where no cap concerns a batch, nothing is asked.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from clarion.contract.reasons import Reason
from clarion.flows.delivery.gate import asked_of
from clarion.flows.delivery.work import Fate, Work, ended
from clarion.records.ledger.status import Status
from clarion.records.preferences import slots
from clarion.records.preferences.caps import caps_of, is_capped, over_cap
from clarion.records.preferences.rules import UNUSED, Used
from clarion.records.preferences.slots import Slot

Counts = dict[UUID, dict[int, Used]]


def cap(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Those that may go out, and the fates of those for which a cap is full."""
    concerned = [work for work in batch if _is_concerned(work)]
    if not concerned:
        return list(batch), []
    concerned.sort(key=lambda work: (work.priority, work.since, work.id))
    full: dict[UUID, str] = {}
    taken: list[Slot] = []
    with transaction.atomic():
        counts = slots.counted({work.user_id for work in concerned}, now)
        for work in concerned:
            if words := _over(work, counts):
                full[work.id] = words
            else:
                taken.append(_slot(work, counts, now))
        slots.take(taken)
    fates = [
        ended(work, Status.SUPPRESSED, Reason.FREQUENCY_CAPPED, "caps", "caps", now, full[work.id])
        for work in concerned
        if work.id in full
    ]
    return [work for work in batch if work.id not in full], fates


def _is_concerned(work: Work) -> bool:
    if work.counted or work.person is None:
        return False
    return is_capped(work.person.wishes_for(work.category.id), asked_of(work))


def _over(work: Work, counts: Mapping[UUID, Mapping[int, Used]]) -> str:
    """Which cap is full, in words."""
    assert work.person is not None
    wishes, own = work.person.wishes_for(work.category.id), counts.get(work.user_id, {})
    caps = caps_of(wishes, asked_of(work))
    return over_cap(caps, own.get(0, UNUSED), own.get(work.category.id, UNUSED), work.priority)


def _slot(work: Work, counts: Counts, now: datetime) -> Slot:
    """The place of this one, counted for those that follow in the batch."""
    assert work.person is not None
    own = counts.setdefault(work.user_id, {})
    for key in (0, work.category.id):
        used = own.get(key, UNUSED)
        own[key] = Used(used.today + 1, used.week + 1)
    return Slot(
        notification_id=work.id,
        user_id=work.user_id,
        category_id=work.category.id,
        day=slots.local_day(work.person.timezone, now),
    )
