"""What stands against a draft, whoever found it: the engine, the schema, the translations, the checks, a rendering."""

from dataclasses import dataclass

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something about a draft: an error stops publishing, the rest is shown. `channel` None: the whole template."""

    severity: Severity
    code: str
    message: str
    pointer: str
    channel: ChannelKey | None = None
    locale: str = ""
    field: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""


def place_of(channel: ChannelKey, locale: str, field: str) -> str:
    """The JSON pointer of a field in a template's body."""
    return f"/content/{channel}/{locale or 'default'}" + (f"/{field}" if field else "")
