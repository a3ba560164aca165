"""Webhook: a URL and an event. The body is made of data, never of template text, so no value can break out of it."""

import re
from collections.abc import Mapping

from clarion.channels.channel import Channel, FieldSpec
from clarion.channels.checked import checked
from clarion.channels.errors import InvalidValue
from clarion.channels.json_data import json_data
from clarion.channels.links import endpoint, mask_url
from clarion.contract.channel import ChannelKey
from clarion.contract.content import WebhookContent

DATA_BYTES = 262_144
FIELDS = (FieldSpec(name="event", required=True, limit=128, single_line=True),)
_EVENT = re.compile(r"[A-Za-z0-9_]+(?:[.\-:][A-Za-z0-9_]+)*")


def parse_webhook_url(value: str, *, https_only: bool = False) -> str:
    """The URL to call; see `links.endpoint`."""
    return endpoint(value, https_only=https_only)


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> WebhookContent:
    """The event's name and the data (at most 256 kB of JSON)."""
    event = checked(FIELDS, fields)["event"]
    if not _EVENT.fullmatch(event):
        raise InvalidValue(
            "invalid_event",
            "event must be a dotted name such as order.shipped",
            field="event",
        )
    return WebhookContent(event=event, data=json_data(data, limit=DATA_BYTES))


WEBHOOK = Channel(
    key=ChannelKey.WEBHOOK,
    label="Webhook",
    fields=FIELDS,
    parse_address=parse_webhook_url,
    mask=mask_url,
    build=build,
)
