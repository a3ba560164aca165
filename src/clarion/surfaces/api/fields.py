"""Types of single fields, with the bounds that the OpenAPI document shows."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from clarion.contract.channel import ChannelKey

# Python's `$` also stands before a last line break; ECMA's, by which others read the document, does not
_END = r"$(?!\n)"
Text = Annotated[str, Meta(max_length=255)]
Name = Annotated[str, Meta(min_length=1, max_length=255)]
LongText = Annotated[str, Meta(max_length=100_000)]
Email = Annotated[str, Meta(max_length=254, examples=["ann@example.com"])]
OwnEmail = Annotated[str, Meta(min_length=3, max_length=254, examples=["ann@example.com"])]
Phone = Annotated[str, Meta(max_length=40, examples=["+255712345678"])]
Password = Annotated[str, Meta(min_length=1, max_length=1024, examples=["correct horse battery"])]
Locale = Annotated[str, Meta(min_length=2, max_length=35, examples=["en", "pt-BR"])]
Timezone = Annotated[str, Meta(min_length=1, max_length=64, examples=["Africa/Nairobi"])]
Instant = Annotated[datetime, Meta(tz=True)]
Moment = Annotated[
    datetime,
    Meta(
        description="An instant (`2026-12-24T09:00:00Z`), or beside `timezone` a local time (`2026-12-24T09:00:00`).",
        examples=["2026-12-24T09:00:00Z"],
    ),
]
Path = Annotated[
    str,
    Meta(min_length=1, max_length=200, pattern=rf"^[a-z0-9_*]+(\.[a-z0-9_*]+)*{_END}", examples=["order.shipped"]),
]
CategoryKey = Annotated[
    str, Meta(min_length=1, max_length=64, pattern=rf"^[a-z0-9][a-z0-9_-]*{_END}", examples=["orders"])
]
CategoryName = Annotated[int, Meta(ge=1, le=2_147_483_647)] | Annotated[str, Meta(min_length=1, max_length=64)]
# empty: none
RateText = Annotated[
    str, Meta(max_length=13, pattern=rf"^([1-9][0-9]{{0,8}}/(s|min|h|d))?{_END}", examples=["14/s", "100/min"])
]
Priority = Annotated[int, Meta(ge=1, le=4)] | Literal["critical", "high", "medium", "low"]
Object = dict[str, Any]
Channels = Annotated[list[ChannelKey], Meta(max_length=7)]
Variable = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=rf"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*{_END}")
]

PRIORITY_NUMBERS = {"critical": 1, "high": 2, "medium": 3, "low": 4}


def priority_number(value: int | str) -> int:
    """1 to 4 from a number or a name."""
    return value if isinstance(value, int) else PRIORITY_NUMBERS[value]
