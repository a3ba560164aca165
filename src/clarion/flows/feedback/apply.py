"""Step: what reports do to their notifications. Forward only: what has arrived stays arrived, whatever comes later.

Arrived beats failed, for a bounce may be about an earlier attempt and mail servers send both; failed becomes delivered
when a late receipt says so, and is no dead letter then.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clarion.contract.feedback import Kind
from clarion.contract.reasons import Reason
from clarion.flows.delivery.answers import Answer, resolve_unclear
from clarion.flows.delivery.fallback import fall_back
from clarion.flows.feedback.match import Matched
from clarion.records import hot
from clarion.records.feedback import reports
from clarion.records.feedback.reports import has_arrived, has_failed
from clarion.records.ledger import journal, queue, transitions
from clarion.records.ledger.rows import DecisionRow, Move
from clarion.records.ledger.status import WAITING, Status
from clarion.records.reputation import tallies
from clarion.records.reputation.rules import Counts

STAGE = "feedback"
# what the moves themselves do not put on record
EVENTS = frozenset(
    {
        Kind.DEFERRED,
        Kind.BOUNCED,
        Kind.SOFT_BOUNCED,
        Kind.COMPLAINED,
        Kind.UNSUBSCRIBED,
        Kind.OPENED,
        Kind.CLICKED,
    }
)
COUNTED = frozenset({Kind.BOUNCED, Kind.COMPLAINED})  # by the reputation guard
_WHY = {Kind.BOUNCED: Reason.ADDRESS_UNREACHABLE, Kind.SOFT_BOUNCED: Reason.TEMPORARY}
_COST = """
UPDATE ledger_attempt AS a SET segments = coalesce(c.segments, a.segments),
    price = CASE WHEN c.price = '' THEN a.price ELSE c.price END
FROM unnest(%(ids)s::uuid[], %(accounts)s::text[], %(segments)s::smallint[], %(prices)s::text[])
    AS c(id, account, segments, price)
WHERE a.notification_id = c.id AND a.account = c.account AND a.outcome IN ('sent', 'unclear')
  AND a.notification_id BETWEEN %(lowest)s AND %(highest)s
"""
Group = Sequence[Matched]


def settled(matched: Sequence[Matched], now: datetime) -> tuple[list[Matched], list[Matched]]:
    """Those whose notification can be judged now, and those that a worker has in hand, which must wait for it. What was
    held for an answer, or waits for another attempt although it arrived, is taken out of the queue on the way."""
    ready: list[Matched] = []
    busy: list[Matched] = []
    for group in _by_notification(matched).values():
        (ready if _is_free(group, now) else busy).extend(group)
    return ready, busy


def _is_free(group: Group, now: datetime) -> bool:
    found = group[0].found
    if found.status not in WAITING:
        return True
    if found.leased or not found.attempts:
        return False
    arrived = any(has_arrived(each.told.reported) for each in group)
    first = group[0]
    if found.held:
        answer = Answer.DELIVERED if arrived else Answer.SENT
        remote = first.told.reported.remote_id
        return resolve_unclear(found.id, answer, now, remote_id=remote, detail=f"{first.account.label} reported it")
    if not arrived:
        return True  # about an earlier attempt; the next one is under way
    if not queue.withdraw(found.id):
        return False
    moved = Move(notification_id=found.id, to=Status.DELIVERED, account=first.account.name)
    return found.id in transitions.move([moved], now)


def apply(ready: Sequence[Matched], now: datetime) -> list[Matched]:
    """Put these on record and do what follows for their notifications; returns those that had not been heard before.
    Belongs in a transaction."""
    matched = {(each.found.id, each.told.account_id, each.told.key): each for each in ready}
    new = reports.record([(each.found.id, each.told) for each in matched.values()])
    fresh = [matched[identifier, told.account_id, told.key] for identifier, told in new]
    if not fresh:
        return []
    groups = _by_notification(fresh)
    moves = [one for one in (_move(group) for group in groups.values()) if one is not None]
    late = {m.notification_id for m in moves if m.to is Status.DELIVERED and _failed(groups[m.notification_id])}
    transitions.take_dead_letters(list(late))
    moved = transitions.move(moves, now)
    told = sorted(fresh, key=lambda each: each.told.at)
    journal.append_events(_event(each) for each in told if each.told.reported.kind in EVENTS)
    turned = [m for m in moves if m.notification_id in moved and (m.to is Status.FAILED or m.notification_id in late)]
    journal.append_decisions(_decision(one, groups[one.notification_id], now) for one in turned)
    fall_back({one.notification_id for one in moves if one.to is Status.FAILED} & moved, now)
    _count(_first_of_kind(fresh), now)
    _cost(fresh)
    return fresh


def _by_notification(matched: Sequence[Matched]) -> dict[UUID, list[Matched]]:
    groups: dict[UUID, list[Matched]] = defaultdict(list)
    for each in matched:
        groups[each.found.id].append(each)
    return groups


def _failed(group: Group) -> bool:
    return group[0].found.status is Status.FAILED


def _move(group: Group) -> Move | None:
    """Where a notification goes by what was newly said of it; the table of moves decides whether it still may."""
    found = group[0].found
    if any(has_arrived(each.told.reported) for each in group):
        return Move(notification_id=found.id, to=Status.DELIVERED, account=found.account or group[0].account.name)
    over = next((each for each in group if has_failed(each.told.reported) and each.current), None)
    # of several devices, one that failed is not the notification; what waits again is not to be ended by the past
    if over is None or over.place or (found.status in WAITING and not found.held):
        return None
    reported = over.told.reported
    why = reported.reason or _WHY.get(reported.kind, Reason.PROVIDER_ERROR)
    return Move(notification_id=found.id, to=Status.FAILED, reason=why)


def _event(each: Matched) -> tuple[UUID, datetime, str, str]:
    reported = each.told.reported
    return each.found.id, each.told.at, str(reported.kind), str(reported.reason or "")


def _decision(one: Move, group: Group, now: datetime) -> DecisionRow:
    return DecisionRow(
        notification_id=one.notification_id,
        at=now,
        stage=STAGE,
        rule=f"report of {group[0].account.label}",
        outcome=one.to,
        reason=one.reason,
    )


def _first_of_kind(fresh: Sequence[Matched]) -> list[Matched]:
    """Without those whose like was heard before of the same notification and account. Belongs behind `record`."""
    watched = [e for e in fresh if e.account.channel in tallies.WATCHED and e.told.reported.kind in COUNTED]
    known = reports.kinds_before([(each.found.id, each.told) for each in watched])
    return [e for e in watched if (e.found.id, e.told.account_id, e.told.reported.kind) not in known]


def _count(fresh: Sequence[Matched], now: datetime) -> None:
    """What the reputation guard goes by: each notification once for each kind, or one recipient who reports again and
    again would pause the account for all."""
    found: dict[tuple[str, int], Counts] = defaultdict(Counts)
    seen: set[tuple[UUID, str, Kind]] = set()
    for each in fresh:
        kind = each.told.reported.kind
        this = (each.found.id, each.account.label, kind)
        if this not in seen:
            seen.add(this)
            one = Counts(bounced=int(kind is Kind.BOUNCED), complained=int(kind is Kind.COMPLAINED))
            found[each.account.label, each.found.category_id] += one
    tallies.add(found, now)


def _cost(fresh: Sequence[Matched]) -> None:
    """What a text came to, where the vendor says so only afterwards."""
    told = [each for each in fresh if each.told.reported.segments is not None or each.told.reported.price]
    # of a status that came earlier with less, the later one decides
    known = {(e.found.id, e.account.name): e for e in sorted(told, key=lambda each: each.told.at)}
    if known:
        ids = [identifier for identifier, _ in known]
        hot.fetch(
            _COST,
            {
                "ids": ids,
                "accounts": [name for _, name in known],
                "segments": [each.told.reported.segments for each in known.values()],
                "prices": [each.told.reported.price[:40] for each in known.values()],
                "lowest": min(ids),
                "highest": max(ids),
            },
        )
