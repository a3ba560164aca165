"""What a burst's group says: the category's own template with `count`, `items`, `more` and `category`, or a built-in
text. What a digest says is digest_content.py's, and the items of both are group_items.py's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.collecting import GROUP
from clarion.flows.delivery.group_items import items_of
from clarion.records.categories.catalog import catalog as categories
from clarion.records.categories.grouping import VARIABLES
from clarion.records.digests.models import Window
from clarion.records.digests.windows import Gathered
from clarion.records.ledger.models import Notification
from clarion.records.people.facts import PersonFacts
from clarion.records.templating.catalog import TemplateFacts
from clarion.records.templating.catalog import catalog as templates

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContent:
    """The payload of the request of a group or digest; `template` None: its words are built in."""

    payload: dict[str, Any] = field(repr=False)
    template: TemplateFacts | None


def group_content(
    window: Window, told: Gathered, shown: Sequence[Notification], person: PersonFacts, now: datetime
) -> GroupContent:
    """The content of the group of what is told, the first SHOWN of them named. Opens and clicks are counted where the
    senders of all want it."""
    category = categories.find(window.category_id)
    channel, count = ChannelKey(window.channel), told.count
    made = items_of(shown, channel, person, now)
    items = [made[row.id] for row in sorted(shown, key=lambda row: row.id)]
    key = category.key if category else ""
    context = {"count": count, "more": count - len(items), "items": items, "category": key}
    payload = payload_of(told, context, {"grouped": count, "notification_ids": [item["id"] for item in items]})
    template = usable_template(category.grouping.template if category and category.grouping else "", channel, VARIABLES)
    if template is None:
        payload["inline"] = {"subject": f"{count} × {key}", "body": _built_in(items, count)}
    return GroupContent(payload=payload, template=template)


def payload_of(told: Gathered, context: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """What a group's or digest's request keeps, but for its words."""
    return {
        "context": dict(context),
        "data": dict(data),
        "track": {"opens": told.track_opens, "clicks": told.track_clicks},
        GROUP: True,
    }


def usable_template(path: str, channel: ChannelKey, given: frozenset[str]) -> TemplateFacts | None:
    """The template of this path, where it is in use, speaks the channel and requires nothing but what is given."""
    found = templates.find(path) if path else None
    usable = found is not None and found.active and channel in found.channels and set(found.required) <= given
    return found if usable else None


def _built_in(items: Sequence[Mapping[str, Any]], count: int) -> str:
    lines = [f"- {item['title']}" for item in items if item["title"]]
    if count > len(lines):
        lines.append(f"+ {count - len(lines)}")
    return "\n".join(lines)
