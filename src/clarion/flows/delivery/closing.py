"""What the recipient's wishes say in the moment in which a window closes: which of its categories they do not want any
more, and whether its message has to wait. The rules are records/preferences/rules.py's."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.flows.delivery.digest_template import DIGEST
from clarion.flows.delivery.holding import leaves_at
from clarion.flows.delivery.work import Work
from clarion.records.categories.catalog import CategoryFacts, catalog
from clarion.records.categories.policy import QuietPolicy
from clarion.records.digests.models import Kind, Window
from clarion.records.digests.windows import Unwanted
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import MEDIUM, Asked, Outcome, decide


def unwanted(window: Window, categories: Iterable[int], person: PersonFacts, now: datetime) -> Unwanted:
    """What a digest does not tell of. A group has one category, whose rules it passes by itself."""
    if window.kind == Kind.BURST:
        return Unwanted()
    found = {}
    for category in filter(None, map(catalog.find, categories)):
        reason = _refusal(ChannelKey(window.channel), category, person, now)
        if reason is not None:
            found[category.id] = str(reason)
    switched = person.wishes_for(0).templates.items()
    return Unwanted(categories=found, templates=tuple(UUID(one) for one, on in switched if on is False))


def _refusal(channel: ChannelKey, category: CategoryFacts, person: PersonFacts, now: datetime) -> Reason | None:
    """Why the person wants nothing of the category in a digest; None: they do."""
    asked = _asked(channel, category, MEDIUM)
    # what came while it was wanted is not lost because the digest closes in quiet hours; but who wants digests no more
    # gets none of what is collected already
    asked = replace(asked, collected=False, policy=replace(asked.policy, quiet=QuietPolicy.THROUGH))
    verdict = decide(person.wishes_for(category.id), asked, now)
    return verdict.reason if verdict.outcome is Outcome.SUPPRESS else None


def told_of(payload: Mapping[str, Any] | None) -> tuple[CategoryFacts, ...]:
    """The categories that a digest tells of; none for any other notification."""
    if payload is None or DIGEST not in payload:
        return ()
    keys = [section["category"] for section in payload["context"]["sections"]]
    return tuple(found for key in keys if key and (found := catalog.find(key)) is not None)


def refused(work: Work, now: datetime) -> Reason | None:
    """Why a digest is not sent any more: nothing that it tells of is wanted now. None: it is, or it is no digest."""
    if work.person is None:
        return None
    reasons = [_refusal(work.channel, category, work.person, now) for category in told_of(work.payload)]
    return reasons[0] if reasons and None not in reasons else None


def waits_until(
    window: Window, category: CategoryFacts, priority: int, person: PersonFacts, now: datetime
) -> datetime | None:
    """Until when its recipient's quiet hours keep the window's message; None: it may be made now. It is made when it
    may go, so that it tells how things stand then."""
    verdict = decide(person.wishes_for(category.id), _asked(ChannelKey(window.channel), category, priority), now)
    if verdict.until is None:
        return None
    return leaves_at(verdict.until, priority, window.user_id)


def _asked(channel: ChannelKey, category: CategoryFacts, priority: int) -> Asked:
    return Asked(
        channel=channel,
        priority=priority,
        marketing=category.marketing,
        essential=category.essential,
        bypass=False,
        expires_at=None,
        counted=True,
        collected=True,
        policy=policy_of(category),
    )
