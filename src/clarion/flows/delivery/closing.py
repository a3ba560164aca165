"""What the recipient's wishes say in the moment in which a window closes: which of its categories they do not want any
more, and whether its message has to wait. The rules are records/preferences/rules.py's."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.holding import leaves_at
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
        # what came while it was wanted is not lost because the digest closes in quiet hours
        asked = _asked(window, category, MEDIUM)
        asked = replace(asked, policy=replace(asked.policy, quiet=QuietPolicy.THROUGH))
        verdict = decide(person.wishes_for(category.id), asked, now)
        if verdict.outcome is Outcome.SUPPRESS and verdict.reason is not None:
            found[category.id] = str(verdict.reason)
    switched = person.wishes_for(0).templates.items()
    return Unwanted(categories=found, templates=tuple(UUID(one) for one, on in switched if on is False))


def waits_until(
    window: Window, category: CategoryFacts, priority: int, person: PersonFacts, now: datetime
) -> datetime | None:
    """Until when its recipient's quiet hours keep the window's message; None: it may be made now. It is made when it
    may go, so that it tells how things stand then."""
    verdict = decide(person.wishes_for(category.id), _asked(window, category, priority), now)
    if verdict.until is None:
        return None
    return leaves_at(verdict.until, priority, window.user_id)


def _asked(window: Window, category: CategoryFacts, priority: int) -> Asked:
    return Asked(
        channel=ChannelKey(window.channel),
        priority=priority,
        marketing=category.marketing,
        essential=category.essential,
        bypass=False,
        expires_at=None,
        counted=True,
        collected=True,
        policy=policy_of(category),
    )
