"""What a group says: the category's own template with `count`, `items`, `more` and `category`, or a built-in text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.collecting import GROUP
from clarion.flows.delivery.render import template_for
from clarion.records.categories.catalog import catalog as categories
from clarion.records.categories.grouping import VARIABLES
from clarion.records.digests.models import Window
from clarion.records.digests.windows import Gathered
from clarion.records.ledger.models import Notification, Request
from clarion.records.people.facts import PersonFacts
from clarion.records.personal.envelope import Undecryptable
from clarion.records.templating.catalog import TemplateFacts, contents
from clarion.records.templating.catalog import catalog as templates
from clarion.records.templating.context import merged, standard_context
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.inline import inline_fields

SHOWN = 10
TITLE_LENGTH = 120
CONTEXT_BYTES = 4_096
_TITLES = ("title", "subject", "body", "text")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContent:
    """The payload of the group's request; `template` None: it is inline."""

    payload: dict[str, Any] = field(repr=False)
    template: TemplateFacts | None


def content_for(
    window: Window, told: Gathered, shown: Sequence[Notification], person: PersonFacts, now: datetime
) -> GroupContent:
    """The content of the group of what is told, the first SHOWN of them named. Opens and clicks are
    counted where the senders of all want it."""
    category = categories.find(window.category_id)
    channel, count = ChannelKey(window.channel), told.count
    items = _items(shown, channel, person, now)
    key = category.key if category else ""
    context = {"count": count, "more": count - len(items), "items": items, "category": key}
    payload: dict[str, Any] = {
        "context": context,
        "data": {"grouped": count, "notification_ids": [item["id"] for item in items]},
        "track": {"opens": told.track_opens, "clicks": told.track_clicks},
        GROUP: True,
    }
    template = _template(category.grouping.template if category and category.grouping else "", channel)
    if template is None:
        payload["inline"] = {"subject": f"{count} × {key}", "body": _built_in(items, count)}
    return GroupContent(payload=payload, template=template)


def _template(path: str, channel: ChannelKey) -> TemplateFacts | None:
    """The category's, where it can still be used."""
    found = templates.find(path) if path else None
    usable = found is not None and found.active and channel in found.channels and set(found.required) <= VARIABLES
    return found if usable else None


def _built_in(items: Sequence[Mapping[str, Any]], count: int) -> str:
    lines = [f"- {item['title']}" for item in items if item["title"]]
    if count > len(lines):
        lines.append(f"+ {count - len(lines)}")
    return "\n".join(lines)


def _items(
    shown: Sequence[Notification], channel: ChannelKey, person: PersonFacts, now: datetime
) -> list[dict[str, Any]]:
    requests = {row.id: row for row in Request.objects.filter(pk__in={each.request_id for each in shown})}
    items = []
    for row in shown:
        payload = _payload(row, requests)
        context = payload["context"] if payload else {}
        small = len(msgspec.json.encode(context)) <= CONTEXT_BYTES
        items.append(
            {
                "id": str(row.id),
                "at": row.created_at.isoformat(),
                "title": _title(row, payload, channel, person, now) if payload else "",
                "context": context if small else {},
            }
        )
    return items


def _payload(row: Notification, requests: Mapping[UUID, Request]) -> dict[str, Any] | None:
    """What the item says; None when it cannot be opened any more."""
    request = requests.get(row.request_id)
    try:
        shared = request.payload if request else None
        return {**shared, "context": {**shared["context"], **row.context}} if shared else None
    except Undecryptable:
        return None


def _title(
    row: Notification, payload: Mapping[str, Any], channel: ChannelKey, person: PersonFacts, now: datetime
) -> str:
    """One line that says what the item is about: the first of its fields that says anything."""
    try:
        if row.version_id is None:
            fields = inline_fields(channel, payload["inline"]["subject"], payload["inline"]["body"])
        else:
            of_version = contents.of({row.version_id}).get(row.version_id, {})
            template = template_for(row.version_id, of_version, channel, person.locale)
            fields = template.render(merged(standard_context(person, now, template.names), payload["context"]))
    except (TemplateError, LookupError, Undecryptable):
        return ""
    said = next((fields[name].strip() for name in _TITLES if fields.get(name, "").strip()), "")
    return " ".join(said.split())[:TITLE_LENGTH]
