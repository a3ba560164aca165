"""The free data that travels beside rendered text: what JSON can carry, and how large it may be."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from clarion.channels.errors import InvalidValue


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError


def json_data(data: Mapping[str, object], *, limit: int, code: str = "too_large") -> dict[str, object]:
    """The data as JSON would give it back, at most `limit` bytes; dates and decimals become text."""
    try:
        encoded = json.dumps(dict(data), default=_plain, ensure_ascii=False, allow_nan=False)
        size = len(encoded.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidValue("invalid_data", "data must be plain JSON values", field="data") from error
    if size > limit:
        raise InvalidValue(
            code,
            f"data is larger than {limit} bytes: send less, or a link",
            field="data",
        )
    decoded: dict[str, object] = json.loads(encoded)
    return decoded
