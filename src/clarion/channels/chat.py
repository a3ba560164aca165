"""Chat: a Slack channel, an incoming-webhook URL, or whatever id the service behind the provider uses.

Escaping for a service (`<!channel>` in Slack) belongs to the provider that speaks its language.
"""

from collections.abc import Mapping

from clarion.channels.channel import Channel, FieldSpec
from clarion.channels.checked import checked
from clarion.channels.json_data import json_data
from clarion.channels.links import endpoint, mask_url
from clarion.channels.text import opaque
from clarion.contract.channel import ChannelKey
from clarion.contract.content import ChatContent

DATA_BYTES = 65_536
FIELDS = (
    FieldSpec(name="text", required=True, limit=4000),
    FieldSpec(name="title", limit=150, single_line=True),
)


def parse_chat_address(value: str) -> str:
    """`C0123456789`, `https://hooks.…` (https only), or an opaque id of at most 2048 printable characters."""
    word = value.strip()
    if word.lower().startswith(("http:", "https:")):
        return endpoint(word, https_only=True)
    return opaque(word, 2048, code="invalid_chat_address", what="the chat address")


def mask_chat_address(value: str) -> str:
    """The host of a URL, else the ends of the id."""
    if "://" in value:
        return mask_url(value)
    return f"{value[:2]}…{value[-2:]}" if len(value) >= 8 else "…"


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> ChatContent:
    """Text, title and data (at most 64 kB of JSON)."""
    values = checked(FIELDS, fields)
    return ChatContent(
        text=values["text"].strip(),
        title=values["title"],
        data=json_data(data, limit=DATA_BYTES),
    )


CHAT = Channel(
    key=ChannelKey.CHAT,
    label="Chat",
    fields=FIELDS,
    parse_address=parse_chat_address,
    mask=mask_chat_address,
    build=build,
)
