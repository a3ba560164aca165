"""Step: collect. Of a category that groups bursts, the first ones of a window go out singly; what comes beyond them
ends as `digested` and goes out with the group of the window (grouping.py).

Not collected: critical work, what would expire before the group goes out, what would lose a right of its own in a group
(to pass the recipient's preferences, to go on with another channel), and groups themselves. A place in a window is
kept, so that a retry or a second worker counts nothing twice. Digests (digesting.py) use the same windows.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from clarion.contract.reasons import Reason
from clarion.flows.delivery.fallback import has_chain
from clarion.flows.delivery.work import Fate, Work
from clarion.records.categories.grouping import GroupRule
from clarion.records.digests import windows
from clarion.records.digests.windows import Arrival, Key, Place
from clarion.records.ledger.rows import DecisionRow
from clarion.records.ledger.status import Status
from clarion.records.preferences.rules import CRITICAL

RULE = "group"
GROUP = "group"
"""In a payload: this request is a group or a digest, so it is not collected again."""


def collect(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Those that go out by themselves, and the fates of those that go out with others."""
    rules = {work.id: rule for work in batch if (rule := _rule_for(work, now)) is not None}
    if not rules:
        return list(batch), []
    with transaction.atomic():
        places = windows.places_of(rules)
        # a later try was counted at its first one; if its window is gone, so is what it had to be counted against
        new = [work for work in batch if work.id in rules and work.id not in places and work.tries == 1]
        if new:
            places |= windows.put([_arrival(work, rules[work.id], now) for work in sorted(new, key=_age)], now)
    collected = {one: place for one, place in places.items() if place.is_collected}
    passed = [work for work in batch if work.id not in collected]
    return passed, [_folded(work, collected[work.id], now) for work in batch if work.id in collected]


def _rule_for(work: Work, now: datetime) -> GroupRule | None:
    rule = work.category.grouping
    if rule is None or work.channel not in rule.channels or work.priority == CRITICAL:
        return None
    if work.payload is None or work.payload.get(GROUP) or work.bypass or has_chain(work):
        return None
    return None if work.expires_at is not None and work.expires_at <= now + rule.window else rule


def arrival_of(work: Work, key: Key, closes_at: datetime, above: int = 0) -> Arrival:
    """The work as an arrival in a window."""
    track = work.payload.get("track", {}) if work.payload else {}
    return Arrival(
        id=work.id,
        key=key,
        closes_at=closes_at,
        above=above,
        track_opens=track.get("opens", True),
        track_clicks=track.get("clicks", True),
    )


def _arrival(work: Work, rule: GroupRule, now: datetime) -> Arrival:
    key = Key(user_id=work.user_id, category_id=work.category.id, channel=str(work.channel))
    return arrival_of(work, key, now + rule.window, rule.above)


def _age(work: Work) -> tuple[datetime, bytes]:
    return work.since, work.id.bytes


def _folded(work: Work, place: Place, now: datetime) -> Fate:
    detail = (
        f"number {place.number} of {work.category.key} since {place.opened_at:%Y-%m-%dT%H:%M:%SZ}, {place.above} go"
        " singly"
    )
    return folded(work, place, now, stage="limits", rule=RULE, reason=Reason.GROUPED, detail=detail)


def folded(work: Work, place: Place, now: datetime, *, stage: str, rule: str, reason: Reason, detail: str) -> Fate:
    """The fate of work that lies in a window: it has ended, and is told of when the window closes."""
    decision = DecisionRow(
        notification_id=work.id,
        at=now,
        stage=stage,
        rule=rule,
        outcome=Status.DIGESTED,
        reason=reason,
        until=place.closes_at,
        detail=detail,
    )
    return Fate(work=work, to=Status.DIGESTED, reason=reason, decisions=(decision,))
