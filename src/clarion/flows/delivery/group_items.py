"""The items of a group or digest: of each notification, the line that says what it is about, and its context."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from clarion.contract.channel import ChannelKey
from clarion.flows.delivery.render import template_for
from clarion.records.categories.catalog import catalog
from clarion.records.ledger.models import Notification, Request
from clarion.records.people.facts import PersonFacts
from clarion.records.personal.envelope import Undecryptable
from clarion.records.templating.contents import contents
from clarion.records.templating.context import merged, standard_context
from clarion.records.templating.engine.errors import TemplateError
from clarion.records.templating.inline import inline_fields

TITLE_LENGTH = 120
CONTEXT_BYTES = 4_096
_TITLES = ("title", "subject", "body", "text")
Item = dict[str, Any]


def items_of(
    shown: Sequence[Notification], channel: ChannelKey, person: PersonFacts, now: datetime
) -> dict[UUID, Item]:
    """Each with `id`, `at` (RFC 3339), `title`, `category` and `context` (empty when it is large)."""
    requests = {row.id: row for row in Request.objects.filter(pk__in={each.request_id for each in shown})}
    return {row.id: _item(row, _payload(row, requests), channel, person, now) for row in shown}


def _item(
    row: Notification, payload: Mapping[str, Any] | None, channel: ChannelKey, person: PersonFacts, now: datetime
) -> Item:
    context = payload["context"] if payload else {}
    category = catalog.find(row.category_id)
    return {
        "id": str(row.id),
        "at": row.created_at.isoformat(),
        "title": _title(row, payload, channel, person, now) if payload else "",
        "category": category.key if category else "",
        "context": context if len(msgspec.json.encode(context)) <= CONTEXT_BYTES else {},
    }


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
            standard = standard_context(person, channel, row.category_id, now, template.names)
            fields = template.render(merged(standard, payload["context"]))
    except (TemplateError, LookupError, Undecryptable):
        return ""
    said = next((fields[name].strip() for name in _TITLES if fields.get(name, "").strip()), "")
    return " ".join(said.split())[:TITLE_LENGTH]
