"""Step: digest. What its recipient wants together with other things ends as `digested`, and the digest of its window
tells of it (grouping.py). A part of the gate: its verdict names the window."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from clarion.contract.reasons import Reason
from clarion.flows.delivery.collecting import GROUP, arrival_of, folded
from clarion.flows.delivery.fallback import has_chain
from clarion.flows.delivery.work import Fate, Work
from clarion.records.digests import windows
from clarion.records.digests.models import ALL_CATEGORIES
from clarion.records.digests.windows import Key, Place
from clarion.records.preferences.rules import Verdict

Asked = tuple[Work, Verdict]


def is_told_of(work: Work) -> bool:
    """Whether it is itself a group or a digest: it goes into no other."""
    return bool(work.payload and work.payload.get(GROUP))


def collect(asked: Sequence[Asked], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Put each work with a DIGEST verdict into its window; returns those that go out by themselves all the same, and
    the fates of the others. What would expire before its digest, or lose a right of its own (to go on with another
    channel), goes out by itself; so does a retry of what has gone out singly."""
    fitting = {work.id: (work, verdict) for work, verdict in asked if may_wait(work, verdict)}
    if not fitting:
        return [work for work, _ in asked], []
    with transaction.atomic():
        places = windows.places_of(fitting)
        new = [each for one, each in fitting.items() if one not in places]
        if new:
            places |= windows.put([_arrival(*each) for each in sorted(new, key=lambda each: each[0].since)], now)
    collected = {one: place for one, place in places.items() if place.is_collected}
    passed = [work for work, _ in asked if work.id not in collected]
    return passed, [_fate(*fitting[one], place, now) for one, place in collected.items()]


def may_wait(work: Work, verdict: Verdict) -> bool:
    """Whether it is worth telling of when the window of its verdict closes."""
    if verdict.digest is None or has_chain(work):
        return False
    return work.expires_at is None or work.expires_at > verdict.digest.closes_at


def _arrival(work: Work, verdict: Verdict) -> windows.Arrival:
    assert verdict.digest is not None
    kind = verdict.digest.key.partition(" ")[0]
    key = Key(user_id=work.user_id, category_id=ALL_CATEGORIES, channel=str(work.channel), kind=kind)
    return arrival_of(work, key, verdict.digest.closes_at)


def _fate(work: Work, verdict: Verdict, place: Place, now: datetime) -> Fate:
    detail = f"number {place.number} of the {place.kind} digest since {place.opened_at:%Y-%m-%dT%H:%M:%SZ}"
    return folded(work, place, now, stage="gate", rule=verdict.rule, reason=Reason.DIGESTED, detail=detail)
