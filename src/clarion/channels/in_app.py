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
    FieldSpec(name="group", limit=100, single_line=True),
    FieldSpec(name="primary_label", limit=40, single_line=True),
    FieldSpec(name="primary_link", limit=2048, single_line=True),
    FieldSpec(name="secondary_label", limit=40, single_line=True),
    FieldSpec(name="secondary_link", limit=2048, single_line=True),
)
ACTIONS = ("primary", "secondary")


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> InboxContent:
    """Title, body, link, data (at most 64 kB of JSON), the group that it is listed under, and up to two actions: each a
    label, and a link unless the application is only told (`notification.acted`)."""
    values = checked(FIELDS, fields)
    actions = [_action(key, values) for key in ACTIONS if values[f"{key}_label"]]
    return InboxContent(
        title=values["title"],
        body=values["body"].strip(),
        link=link(values["link"], field="link"),
        group=values["group"],
        data=json_data({**data, "actions": actions} if actions else data, limit=DATA_BYTES),
    )


def _action(key: str, values: Mapping[str, str]) -> dict[str, str]:
    target = link(values[f"{key}_link"], field=f"{key}_link")
    return {"key": key, "label": values[f"{key}_label"], **({"link": target} if target else {})}


IN_APP = Channel(
    key=ChannelKey.IN_APP,
    label="In-app",
    fields=FIELDS,
    parse_address=parse_user_id,
    mask=mask_user_id,
    build=build,
)
