"""Chains of channels: what a request says is tried next when a channel failed, or was not read in time.

A chain is part of the request's payload. Its channels are tried one at a time: the next becomes a new notification of
the same request, through the same gate, in the very transaction that ends the one before, so it is neither lost nor
doubled. What was handed on is no dead letter: somebody else is at work on it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery import bell
from clarion.flows.delivery.chains import Chain, Choice, chain_in, choose
from clarion.flows.delivery.work import Work
from clarion.records.categories.catalog import catalog
from clarion.records.crashing import Point, crash_point
from clarion.records.ids import new_id
from clarion.records.ledger import fallbacks, journal, store, transitions
from clarion.records.ledger.models import Notification, Request
from clarion.records.ledger.rows import DecisionRow, NewNotification, NewRequest
from clarion.records.ledger.status import Status
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts
from clarion.records.personal.envelope import Undecryptable
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import OPEN_POLICY, Asked

RULE = "fallback"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A notification with its chain, its recipient, and the channels that its request has had for them."""

    row: Notification
    chain: Chain
    person: PersonFacts | None
    had: frozenset[str]

    @property
    def handed_on_before(self) -> bool:
        """A later channel took over already; this one was replayed since."""
        return any(key in self.had for key in self.chain.onward(self.row.channel))


def has_chain(work: Work) -> bool:
    """Whether a failure of this work is to be looked at."""
    return bool(work.payload and work.payload.get("fallback"))


def fall_back(failed: Collection[UUID], now: datetime) -> set[UUID]:
    """Let the next channel take over from each of those that have just failed; returns those that were handed on.
    Belongs in the transaction that moved them."""
    if not failed:
        return set()
    handed_on = {link.row.id for link in links(failed) if hand_on(link, f"failed: {link.row.reason}", now)}
    transitions.take_dead_letters(list(handed_on))
    return handed_on


def hand_on(link: Link, why: str, now: datetime) -> UUID | None:
    """Accept the next channel's notification and put that on record with both; returns its id, None for none."""
    if link.handed_on_before:
        return None
    choice = next_of(link, now)
    if choice.channel is None:
        _note(link.row.id, "exhausted", _told("no further channel", choice), now)
        return None
    new = _next_row(link.row, choice.channel, now)
    came = DecisionRow(
        notification_id=new.id,
        at=now,
        stage=RULE,
        rule=RULE,
        outcome="allow",
        detail=f"after {link.row.channel} ({link.row.id}) {why}",
    )
    store.add(_request_of(link.row, now), new, came)
    crash_point(Point.CHAIN_HANDED_ON)
    if link.chain.after is not None and link.chain.onward(choice.channel):
        fallbacks.set_timers([(new.id, now + link.chain.after)])
    _note(link.row.id, "handed_on", _told(f"to {choice.channel} ({new.id})", choice), now)
    bell.ring_after_commit([choice.channel])
    log.info("handed_on", notification=str(link.row.id), to=str(new.id), channel=str(choice.channel))
    return new.id


def next_of(link: Link, now: datetime) -> Choice:
    """The channel that would take over now."""
    row, category = link.row, catalog.find(link.row.category_id)
    asked = Asked(
        channel=ChannelKey(row.channel),
        priority=row.priority,
        # a category that is not known is read strictly, as in load.py
        marketing=category.marketing if category else True,
        essential=category.essential if category else False,
        bypass=row.bypass,
        expires_at=row.expires_at,
        template_id=str(row.template_id or ""),
        chained=True,
        policy=policy_of(category) if category else OPEN_POLICY,
    )
    return choose(link.chain.onward(row.channel), link.person, asked, row.category_id, now)


def links(ids: Collection[UUID]) -> list[Link]:
    """What is known of these notifications, in bulk; those without a chain, or gone, are absent."""
    rows = list(Notification.objects.filter(pk__in=list(ids)))
    chains = _chains({row.request_id for row in rows})
    rows = [row for row in rows if row.request_id in chains]
    if not rows:
        return []
    people = facts.load({row.user_id for row in rows}, {row.category_id for row in rows})
    had: dict[tuple[UUID, UUID], set[str]] = {}
    siblings = Notification.objects.filter(request_id__in=list(chains), id__gte=min(chains))
    for request_id, user_id, channel in siblings.values_list("request_id", "user_id", "channel"):
        had.setdefault((request_id, user_id), set()).add(channel)
    return [
        Link(
            row=row,
            chain=chains[row.request_id],
            person=people.get(row.user_id),
            had=frozenset(had.get((row.request_id, row.user_id), ())),
        )
        for row in rows
    ]


def _chains(requests: set[UUID]) -> dict[UUID, Chain]:
    found: dict[UUID, Chain] = {}
    for request in Request.objects.filter(pk__in=list(requests)):
        try:
            chain = chain_in(request.payload)
        except Undecryptable:
            continue
        if chain is not None:
            found[request.id] = chain
    return found


def _next_row(row: Notification, channel: ChannelKey, now: datetime) -> NewNotification:
    """The same content, version and rules on another channel, due at once."""
    return NewNotification(
        id=new_id(),
        user_id=row.user_id,
        channel=channel,
        category_id=row.category_id,
        template_id=row.template_id,
        version_id=row.version_id,
        priority=row.priority,
        status=Status.PENDING,
        reference=row.reference,
        bypass=row.bypass,
        expires_at=row.expires_at,
        due_at=now,
    )


def _request_of(row: Notification, now: datetime) -> NewRequest:
    return NewRequest(
        id=row.request_id, caller_kind=row.caller_kind, caller_id=row.caller_id, payload=b"", created_at=now
    )


def _told(what: str, choice: Choice) -> str:
    return f"{what}; passed over {', '.join(choice.passed)}" if choice.passed else what


def _note(identifier: UUID, outcome: str, detail: str, now: datetime) -> None:
    decision = DecisionRow(
        notification_id=identifier, at=now, stage=RULE, rule=RULE, outcome=outcome, detail=detail[:500]
    )
    journal.append_decisions([decision])
