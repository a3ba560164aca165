"""Push: opaque device tokens and a payload that fits what the vendors take."""

import json
import re
from collections.abc import Mapping

from clarion.channels.channel import Channel, FieldSpec
from clarion.channels.checked import checked
from clarion.channels.errors import InvalidValue
from clarion.channels.json_data import json_data
from clarion.channels.links import link
from clarion.channels.text import opaque
from clarion.contract.channel import ChannelKey
from clarion.contract.content import PushContent

PAYLOAD_BYTES = 4096
"""FCM, APNs and Web Push all stop at 4 kB for an ordinary notification."""

COLLAPSE_BYTES = 64
"""As long as APNs takes; `order-1234`, say."""

FIELDS = (
    FieldSpec(name="title", required=True, limit=200, single_line=True),
    FieldSpec(name="body", required=True, limit=2000),
    FieldSpec(name="image", limit=2048, single_line=True),
    FieldSpec(name="link", limit=2048, single_line=True),
    FieldSpec(name="collapse", limit=COLLAPSE_BYTES, single_line=True),
)

_BROWSER = re.compile(r'\{"endpoint":"https?://([^/"]+)/[^"]{12,}([^"]{4})"')


def parse_token(value: str) -> str:
    """A device token as the vendor gave it: printable ASCII, at most 4096 characters."""
    return opaque(value, 4096, code="invalid_token", what="the device token")


def mask_token(value: str) -> str:
    """`abcd…wxyz`; of a browser subscription, its push service and the end of its endpoint."""
    browser = _BROWSER.match(value)
    if browser is not None:
        return f"{browser[1]}…{browser[2]}"
    return f"{value[:4]}…{value[-4:]}" if len(value) >= 16 else "…"


def build(fields: Mapping[str, str], data: Mapping[str, object]) -> PushContent:
    """Title, body, picture, link and data, together at most 4096 bytes of JSON."""
    values = checked(FIELDS, fields)
    content = PushContent(
        title=values["title"],
        body=values["body"].strip(),
        image=link(values["image"], field="image"),
        link=link(values["link"], field="link"),
        collapse=_collapse(values["collapse"]),
        data=json_data(data, limit=PAYLOAD_BYTES),
    )
    texts = [content.title, content.body, content.image, content.link]
    size = len(json.dumps([*texts, content.data], ensure_ascii=False).encode())
    if size > PAYLOAD_BYTES:
        raise InvalidValue(
            "too_large",
            f"text and data are {size} bytes, a push carries {PAYLOAD_BYTES}",
            field="data",
        )
    return content


def _collapse(value: str) -> str:
    """It travels in HTTP headers, so it is plain ASCII without blanks."""
    if not all("!" <= char <= "~" for char in value.strip()):
        raise InvalidValue("invalid_collapse", "collapse must be letters, digits and signs of ASCII", field="collapse")
    return value.strip()


PUSH = Channel(
    key=ChannelKey.PUSH,
    label="Push",
    fields=FIELDS,
    parse_address=parse_token,
    mask=mask_token,
    build=build,
)
