"""What a digest says: the items in sections by category, in the template of the category or of the deployment, or in
the built-in one (digest_template.py)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.digest_template import DIGEST
from clarion.flows.delivery.group_content import GroupContent, payload_of, usable_template
from clarion.flows.delivery.group_items import Item, items_of
from clarion.records.categories.catalog import CategoryFacts, catalog
from clarion.records.categories.models import Category
from clarion.records.digests.models import Window
from clarion.records.digests.windows import Gathered, Part
from clarion.records.ledger.models import Notification
from clarion.records.people.facts import PersonFacts
from clarion.records.templating.catalog import TemplateFacts

KEY, NAME = "digests", "Digests"
"""The category that digests themselves belong to; made when the first one is sent."""
SHOWN, SHOWN_OF_CATEGORY = 50, 10
"""So many items are named in all, and of one category; the rest is counted."""
VARIABLES = frozenset({"count", "more", "sections", "items", "frequency", "since", "category"})
"""What a digest's template may require."""


def digest_category() -> CategoryFacts:
    """The category of digests."""
    found = catalog.find(KEY)
    if found is None:
        Category.objects.get_or_create(key=KEY, defaults={"name": NAME})
        catalog.read()
        found = catalog.find(KEY)
    assert found is not None
    return found


def digest_content(
    window: Window, told: Gathered, shown: Sequence[Notification], person: PersonFacts, now: datetime
) -> GroupContent:
    """The content of the digest of what is told."""
    channel = ChannelKey(window.channel)
    made = items_of([row for row in shown if row.id in named(told)], channel, person, now)
    categories = Category.objects.in_bulk([part.category_id for part in told.parts])
    sections = [_section(categories.get(part.category_id), part, made) for part in told.parts]
    items = [item for section in sections for item in section["items"]]
    context = {
        "count": told.count,
        "more": told.count - len(items),
        "sections": sections,
        "items": items,
        "frequency": str(window.kind),
        "since": window.opened_at.isoformat(),
        "category": sections[0]["category"] if len(sections) == 1 else "",
    }
    data = {"digest": str(window.kind), "grouped": told.count, "notification_ids": [item["id"] for item in items]}
    return GroupContent(
        payload={**payload_of(told, context, data), DIGEST: str(window.kind)}, template=_template(told, channel)
    )


def named(told: Gathered) -> frozenset[UUID]:
    """The items that the digest names, the most urgent categories first."""
    return frozenset([one for part in told.parts for one in part.first][:SHOWN])


def _section(category: Category | None, part: Part, made: Mapping[UUID, Item]) -> dict[str, Any]:
    items = [made[one] for one in part.first if one in made]
    return {
        "category": category.key if category else "",
        "name": category.name if category else "",
        "count": part.count,
        "more": part.count - len(items),
        "items": items,
    }


def _template(told: Gathered, channel: ChannelKey) -> TemplateFacts | None:
    """The category's own where the digest tells of one alone, else the deployment's; None: the built-in one."""
    own = catalog.find(told.parts[0].category_id) if len(told.parts) == 1 else None
    found = usable_template(own.digest_template, channel, VARIABLES) if own else None
    return found or usable_template(settings.DIGEST_TEMPLATE, channel, VARIABLES)
