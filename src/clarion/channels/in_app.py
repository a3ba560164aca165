"""In-app: an item in the person's inbox."""

from collections.abc import Mapping

from clarion.channels.channel import Channel, FieldSpec
from clarion.channels.checked import checked
from clarion.channels.json_data import json_data
from clarion.channels.links import link
from clarion.channels.user_id import mask_user_id, parse_user_id
from clarion.contract.channel import ChannelKey
from clarion.contract.content import InboxContent

DATA_BYTES = 65_536
FIELDS = (
    FieldSpec(name="title", required=True, limit=255, single_line=True),
    FieldSpec(name="body", limit=10_000),
    FieldSpec(name="link", limit=2048, single_line=True),
)


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> InboxContent:
    """Title, body, link and data (at most 64 kB of JSON)."""
    values = checked(FIELDS, fields)
    return InboxContent(
        title=values["title"],
        body=values["body"].strip(),
        link=link(values["link"], field="link"),
        data=json_data(data, limit=DATA_BYTES),
    )


IN_APP = Channel(
    key=ChannelKey.IN_APP,
    label="In-app",
    fields=FIELDS,
    parse_address=parse_user_id,
    mask=mask_user_id,
    build=build,
)
