"""What a person will get in the next days, as far as it is known now, and what was withheld from them lately.

It is the gate's own function, asked at the moment at which each thing is due. Three queries, each over a bounded number
of the person's newest notifications; contents are never opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records import hot
from clarion.records.categories.catalog import CategoryFacts, catalog
from clarion.records.ids import first_id_of, moment_of
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import MEDIUM, Asked, Outcome, Verdict, decide
from clarion.records.preferences.slots import local_day

AHEAD = timedelta(days=7)
LOOKS_BACK = timedelta(days=30)
OLDEST = timedelta(days=400)
"""What was scheduled longest ago: a year ahead at most, and a little."""
MOST_LOOKED_AT = 2_000
MOST_COMING, MOST_DIGESTS, MOST_WITHHELD, MOST_COUNTED = 40, 20, 10, 100
WITHHELD = (Reason.FREQUENCY_CAPPED, Reason.QUIET_HOURS, Reason.DIGEST_NEVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One notification that waits. `at`: when it would reach them, held back by quiet hours or in a digest as it may
    be; `outcome` and `reason`: what the rules say of it then; `held`: quiet hours hold it already."""

    at: datetime
    channel: str
    category_id: int
    outcome: Outcome
    reason: str
    held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A digest that collects now. `count`: how many it would tell of (MOST_COUNTED: so many or more)."""

    at: datetime
    kind: str
    channel: str
    category_id: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """One that was not sent for the person's own good."""

    at: datetime
    channel: str
    category_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """All of it, in order of time. `more`: there is more to come than is shown; `quiet_until`: they are not to be
    disturbed now, until then."""

    items: tuple[Item, ...]
    digests: tuple[Digest, ...]
    withheld: tuple[Withheld, ...]
    more: bool
    quiet_until: datetime | None


# an index leads to a person's newest; whatever their number, no more are looked at
_NEWEST = """
FROM (SELECT id, user_id, channel, category_id, template_id, priority, bypass, expires_at, status, reason
      FROM ledger_notification WHERE user_id = %(user)s AND id >= %(since)s ORDER BY id DESC LIMIT %(looked)s) AS n
"""
_WAITING = f"""
SELECT q.due_at, n.channel, n.category_id, n.template_id, n.priority, n.bypass, n.expires_at, n.reason,
       EXISTS (SELECT 1 FROM digests_window w WHERE w.user_id = n.user_id AND w.group_id = n.id)
{_NEWEST} JOIN ledger_queue AS q ON q.id = n.id
WHERE n.status IN ('scheduled', 'pending') AND NOT q.awaits AND q.due_at < %(until)s
ORDER BY q.due_at, n.id LIMIT %(most)s
"""
_COLLECTED = """
SELECT w.id, greatest(w.closes_at, w.waits_until), w.kind, w.channel, w.category_id, c.category_id, c.count
FROM (SELECT * FROM digests_window WHERE user_id = %(user)s AND told_at IS NULL AND closes_at < %(until)s
      ORDER BY closes_at, id LIMIT %(most)s) AS w
CROSS JOIN LATERAL (
    SELECT category_id, count(*) AS count FROM (
        SELECT n.category_id FROM digests_item AS i JOIN ledger_notification AS n ON n.id = i.id
        WHERE i.window_id = w.id AND i.number > w.above AND n.status = 'digested' LIMIT %(counted)s) AS items
    GROUP BY category_id) AS c
ORDER BY 2, 1
"""
_WITHHELD = f"""
SELECT n.id, n.channel, n.category_id, n.reason {_NEWEST}
WHERE n.status = 'suppressed' AND n.reason = ANY(%(reasons)s) ORDER BY n.id DESC LIMIT %(most)s
"""


def outlook(user_id: UUID, now: datetime) -> Outlook | None:
    """What is known now; None when the person is gone."""
    bounds = {"user": user_id, "looked": MOST_LOOKED_AT, "until": now + AHEAD}
    waiting = hot.fetch(_WAITING, {**bounds, "since": first_id_of(now - OLDEST), "most": MOST_COMING + 1})
    collected = hot.fetch(_COLLECTED, {**bounds, "most": MOST_DIGESTS, "counted": MOST_COUNTED})
    reasons = [str(reason) for reason in WITHHELD]
    since = first_id_of(now - LOOKS_BACK)
    withheld = hot.fetch(
        _WITHHELD,
        {"user": user_id, "looked": MOST_LOOKED_AT, "since": since, "most": MOST_WITHHELD, "reasons": reasons},
    )
    categories = {row[2] for row in waiting} | {row[5] for row in collected}
    person = facts.load([user_id], sorted(categories)).get(user_id)
    if person is None:
        return None
    items = [item for row in waiting[:MOST_COMING] if (item := _item(row, person, now)) is not None]
    quiet = person.wishes[0].quiet
    return Outlook(
        items=tuple(sorted(items, key=lambda item: item.at)),
        digests=_digests(collected, person),
        withheld=tuple(
            Withheld(at=moment_of(row[0]), channel=row[1], category_id=row[2], reason=row[3]) for row in withheld
        ),
        more=len(waiting) > MOST_COMING,
        quiet_until=quiet.ends_at(now, person.timezone) if quiet is not None else None,
    )


def _item(row: Sequence[object], person: PersonFacts, now: datetime) -> Item | None:
    due, channel, category_id, template_id, priority, bypass, expires_at, reason, told = row
    category = catalog.find(int(str(category_id)))
    if category is None or not isinstance(due, datetime):
        return None
    at = max(due, now)
    asked = Asked(
        channel=ChannelKey(str(channel)),
        priority=int(str(priority)),
        marketing=category.marketing,
        essential=category.essential,
        bypass=bool(bypass),
        expires_at=expires_at if isinstance(expires_at, datetime) else None,
        template_id=str(template_id or ""),
        # what is counted today says nothing of another day
        counted=local_day(person.timezone, at) != local_day(person.timezone, now),
        collected=bool(told),
        policy=policy_of(category),
    )
    wishes = person.wishes_for(category.id)
    verdict = decide(wishes, asked, at)
    if verdict.outcome is Outcome.HOLD and verdict.until is not None:
        # it may be held beyond its own end, and then nothing comes
        then = decide(wishes, asked, verdict.until)
        verdict = then if then.outcome is Outcome.EXPIRE else verdict
    return Item(
        at=_when(verdict, at),
        channel=asked.channel,
        category_id=category.id,
        outcome=verdict.outcome,
        reason=str(verdict.reason or ""),
        held=reason == Reason.QUIET_HOURS,
    )


def _when(verdict: Verdict, at: datetime) -> datetime:
    if verdict.digest is not None:
        return verdict.digest.closes_at
    return verdict.until if verdict.outcome is Outcome.HOLD and verdict.until is not None else at


def _digests(rows: Sequence[Sequence[object]], person: PersonFacts) -> tuple[Digest, ...]:
    """One for each window, counting only categories that would still be told of."""
    found: dict[object, Digest] = {}
    for window, at, kind, channel, own, category_id, count in rows:
        category = catalog.find(int(str(category_id)))
        if category is None or not isinstance(at, datetime):
            continue
        verdict = decide(person.wishes_for(category.id), _told(category, ChannelKey(str(channel))), at)
        before = found.get(window)
        counted = (before.count if before else 0) + (0 if verdict.outcome is Outcome.SUPPRESS else int(str(count)))
        found[window] = Digest(
            at=max(_when(verdict, at), before.at if before else at),
            kind=str(kind),
            channel=str(channel),
            category_id=int(str(own)),
            count=counted,
        )
    return tuple(sorted((each for each in found.values() if each.count), key=lambda each: each.at))


def _told(category: CategoryFacts, channel: ChannelKey) -> Asked:
    """Ordinary notifications of a category, as a digest tells of them."""
    return Asked(
        channel=channel,
        priority=MEDIUM,
        marketing=category.marketing,
        essential=category.essential,
        bypass=False,
        expires_at=None,
        counted=True,
        collected=True,
        policy=policy_of(category),
    )
