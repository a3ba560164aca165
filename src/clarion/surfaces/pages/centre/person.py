"""Whose centre it is, and how things stand with them: all that the page is made of, read in a bounded number of
queries. What they will get is flows/centre/coming.py's."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clarion.contract.channel import ChannelKey
from clarion.records.categories.catalog import GENERAL, CategoryFacts, catalog
from clarion.records.categories.models import Category
from clarion.records.people import facts
from clarion.records.people.facts import PersonFacts
from clarion.records.preferences import store
from clarion.records.preferences.policies import policy_of
from clarion.records.preferences.rules import Policy
from clarion.records.preferences.store import Standing

A_PAGE = 40
"""So many categories are on one page."""
CHANNELS = (ChannelKey.EMAIL, ChannelKey.SMS, ChannelKey.PUSH, ChannelKey.CHAT, ChannelKey.IN_APP)
"""Those that a person knows. `websocket` and `webhook` are how apps and programs are told; their switches are the
API's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A category as people read it."""

    facts: CategoryFacts
    name: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`reached`: the channels that lead to them; `subjects`: the categories of this page, `pages` of them there are."""

    facts: PersonFacts
    standing: Standing
    reached: tuple[ChannelKey, ...]
    subjects: tuple[Subject, ...]
    names: dict[int, str]
    page: int
    pages: int


def load(user_id: UUID, page: int) -> Person | None:
    """None: the person is gone, or may not come in any more."""
    standing = store.read(user_id)
    every = _ordered(standing)
    pages = max(1, -(-len(every) // A_PAGE))
    page = min(max(page, 1), pages)
    chosen = every[(page - 1) * A_PAGE : page * A_PAGE]
    found = facts.load([user_id], [one.id for one in chosen]).get(user_id)
    if found is None or not found.active:
        return None
    texts = {row[0]: row[1:] for row in Category.objects.values_list("id", "name", "description")}
    return Person(
        facts=found,
        standing=standing,
        reached=tuple(key for key in CHANNELS if key in found.reachable),
        subjects=tuple(_subject(one, texts.get(one.id, (one.key, ""))) for one in chosen),
        names={key: row[0] for key, row in texts.items()},
        page=page,
        pages=pages,
    )


def _ordered(standing: Standing) -> list[CategoryFacts]:
    """Those that the person set first, then the others by key; the essential ones, where there is nothing to choose,
    at the end."""
    own = standing.wishes.categories
    return sorted(catalog.all(), key=lambda one: (one.essential, one.key not in own, one.key))


def _subject(one: CategoryFacts, texts: Sequence[str]) -> Subject:
    return Subject(facts=one, name=texts[0], description=texts[1])


def general_policy() -> Policy:
    """What the deployment says where no category does."""
    return policy_of(
        CategoryFacts(id=0, key=GENERAL, marketing=False, essential=False, default_priority=3, default_channels=())
    )
