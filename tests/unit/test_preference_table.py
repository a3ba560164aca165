"""The precedence table of docs/reference/preferences.md, run row by row: the page is the test's own table."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clarion.contract.channel import ChannelKey
from clarion.contract.reasons import Reason
from clarion.records.categories.policy import Cap, QuietPolicy
from clarion.records.preferences.digest_choice import digest_choice_of
from clarion.records.preferences.quiet_hours import quiet_hours_of
from clarion.records.preferences.rules import RULES, RULES_VERSION, Asked, Listed, Policy, Used, Wishes, decide

PAGE = Path(__file__).parents[2] / "docs/reference/preferences.md"
HEADER = "| set | asked | outcome | rule | reason |"
NOW = datetime(2026, 11, 17, 23, 30, tzinfo=UTC)  # a Tuesday; the person lives in UTC
TEMPLATE = "0190a000-0000-7000-8000-000000000001"
PRIORITIES = {"critical": 1, "high": 2, "medium": 3, "low": 4}
SWITCH = {"on": True, "off": False}
CHANNELS = {str(key) for key in ChannelKey}
USUAL = Asked(
    channel=ChannelKey.EMAIL,
    priority=3,
    marketing=False,
    essential=False,
    bypass=False,
    expires_at=None,
    template_id=TEMPLATE,
    policy=Policy(needs_consent=frozenset({"marketing"})),
)
MARKS: dict[str, dict[str, Any]] = {
    **{name: {name: True} for name in ("marketing", "essential", "bypass", "counted", "collected", "chained")},
    "expired": {"expires_at": NOW},
    "expires": {"expires_at": NOW + timedelta(hours=1)},
    "later": {"due_at": NOW + timedelta(hours=1)},
}


def rows() -> list[tuple[str, ...]]:
    """The cells of every row of every such table on the page."""
    found: list[tuple[str, ...]] = []
    inside = False
    for line in PAGE.read_text().splitlines():
        if line == HEADER:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            found.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return found


def words(cell: str) -> list[tuple[str, str]]:
    return [tuple(part.strip().partition("=")[::2]) for part in cell.split(",") if part.strip()]  # type: ignore[misc]


def cap_of(text: str) -> Cap:
    number, _, unit = text.partition("/")
    return Cap(**{f"per_{unit}": int(number)})


def facts(cell: str) -> tuple[Wishes, Policy]:
    """What is set, as the rules take it."""
    wishes, policy = Wishes(), USUAL.policy
    for name, value in words(cell):
        if name in ("off", "needs", "cap", "category_cap", "quiet_policy", "digestible", "default") or name.startswith(
            "default."
        ):
            policy = with_policy(policy, name, value)
        else:
            wishes = with_wish(wishes, name, value)
    return wishes, policy


def with_policy(policy: Policy, name: str, value: str) -> Policy:
    if name.startswith("default."):
        return replace(policy, channels={**policy.channels, name.removeprefix("default."): SWITCH[value]})
    changes: dict[str, Any] = {
        "off": lambda: {"off": frozenset({value})},
        "needs": lambda: {"needs_consent": frozenset(value.split()) - {"none"}},
        "cap": lambda: {"cap": cap_of(value)},
        "category_cap": lambda: {"category_cap": cap_of(value)},
        "quiet_policy": lambda: {"quiet": QuietPolicy(value)},
        "digestible": lambda: {"digestible": {"yes": True, "no": False}[value]},
        "default": lambda: {"enabled": SWITCH[value]},
    }[name]()
    return replace(policy, **changes)


def with_wish(wishes: Wishes, name: str, value: str) -> Wishes:
    if name.startswith("consent."):
        given = {"given": True, "withdrawn": False}[value]
        return replace(wishes, consents={**wishes.consents, name.removeprefix("consent."): given})
    if name.startswith("category."):
        channel = name.removeprefix("category.")
        return replace(wishes, category_channels={**wishes.category_channels, channel: SWITCH[value]})
    if name in CHANNELS:
        return replace(wishes, channels={**wishes.channels, name: SWITCH[value]})
    changes: dict[str, Any] = {
        "notifications": lambda: {"notifications_enabled": SWITCH[value]},
        "marketing": lambda: {"marketing_enabled": SWITCH[value]},
        "category": lambda: {"category_enabled": SWITCH[value]},
        "template": lambda: {"templates": {TEMPLATE: SWITCH[value]}},
        "listed": lambda: {"listed": (Listed(channel="email", reason=Reason(value)),)},
        "quiet": lambda: {"quiet": quiet_hours_of({"enabled": True, "start": value[:5], "end": value[6:]})},
        "digest": lambda: {"digest": digest_choice_of({"frequency": value})},
        "max_per_day": lambda: {"max_per_day": int(value)},
        "used": lambda: {"used": Used(int(value), int(value))},
        "used_week": lambda: {"used": Used(0, int(value))},
        "category_used": lambda: {"category_used": Used(int(value), int(value))},
    }[name]()
    return replace(wishes, **changes)


def asked(cell: str, policy: Policy) -> Asked:
    """What is asked for, as the rules take it."""
    changes: dict[str, Any] = {"policy": policy}
    for name, value in words(cell):
        if name == "channel":
            changes["channel"] = ChannelKey(value)
        elif name == "priority":
            changes["priority"] = PRIORITIES[value]
        else:
            changes |= MARKS[name]
    return replace(USUAL, **changes)


@pytest.mark.parametrize("row", rows(), ids=lambda row: " / ".join(row[:2]) or "nothing")
def test_each_row_of_the_page_is_what_happens(row: tuple[str, ...]) -> None:
    wishes, policy = facts(row[0])
    verdict = decide(wishes, asked(row[1], policy), NOW)
    assert (str(verdict.outcome), verdict.rule, str(verdict.reason or "")) == row[2:]


def test_a_hold_says_until_when_and_a_digest_which() -> None:
    held = decide(*_given("quiet=22:00-08:00"), NOW)
    assert held.until == datetime(2026, 11, 18, 8, tzinfo=UTC)
    collected = decide(*_given("digest=daily"), NOW)
    assert collected.digest is not None
    assert collected.digest.key == "daily 2026-11-18"
    assert collected.digest.closes_at == datetime(2026, 11, 18, 8, tzinfo=UTC)


def test_what_a_cap_stopped_says_which() -> None:
    assert decide(*_given("cap=3/day, used=3"), NOW).detail == "3 of 3 a day"
    assert decide(*_given("category_cap=2/week, category_used=2"), NOW).detail == "2 of 2 a week in this category"


def _given(cell: str) -> tuple[Wishes, Asked]:
    wishes, policy = facts(cell)
    return wishes, asked("", policy)


def test_the_page_has_a_section_for_each_rule_in_their_order_and_names_their_version() -> None:
    text = PAGE.read_text()
    sections = re.findall(r"^## \d+\. (.+)$", text, re.MULTILINE)
    assert len(sections) == len(RULES)
    spoken = list(dict.fromkeys(row[3] for row in rows() if row[3] not in ("preferences", "bypass", "essential")))
    assert spoken == [
        "suppression", "expiry", "consent", "global", "marketing", "channel", "category", "template", "caps", "quiet",
        "digest",
    ]  # fmt: skip
    assert f"now **{RULES_VERSION}**" in text
