"""What a check says. The codes and what they stand for are in rules.py."""

from dataclasses import dataclass

from clarion.contract.channel import ChannelKey
from clarion.records.templating.checks.codes import Code
from clarion.records.templating.checks.rules import RULES
from clarion.records.templating.checks.severity import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing a person should look at. `channel` is None where the whole template is meant, `locale` is empty for
    the default. `line` and `column` count from 1 in the source of `field`; 0: no place, or it comes from the layout."""

    severity: Severity
    code: Code
    message: str
    hint: str
    channel: ChannelKey | None = None
    locale: str = ""
    field: str = ""
    line: int = 0
    column: int = 0


def finding(
    code: Code,
    message: str = "",
    *,
    channel: ChannelKey | None = None,
    locale: str = "",
    field: str = "",
    place: tuple[int, int] = (0, 0),
) -> Finding:
    """A finding with its rule's gravity and hint; without a message it says what the rule says."""
    rule = RULES[code]
    return Finding(
        severity=rule.severity,
        code=code,
        message=message or rule.meaning,
        hint=rule.hint,
        channel=channel,
        locale=locale,
        field=field,
        line=place[0],
        column=place[1],
    )
