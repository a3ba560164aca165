"""Frequency caps as rules: whom they concern, how much is left, and for which priority. Pure; how places are counted is
slots.py's."""

from clarion.contract.reasons import Reason
from clarion.records.categories.policy import NO_CAP, Cap
from clarion.records.preferences.terms import CRITICAL, INTERRUPTS, LOW, Asked, Outcome, Used, Verdict, Wishes


def capped(full: str) -> Verdict:
    """The verdict on what a cap, in words, stops."""
    return Verdict(outcome=Outcome.SUPPRESS, rule="caps", reason=Reason.FREQUENCY_CAPPED, detail=full)


def is_capped(wishes: Wishes, asked: Asked) -> bool:
    """Whether any cap concerns it at all."""
    if asked.is_urgent(CRITICAL) or asked.essential or asked.bypass or asked.channel not in INTERRUPTS:
        return False
    return caps_of(wishes, asked) != _UNLIMITED


def caps_of(wishes: Wishes, asked: Asked) -> tuple[Cap, Cap]:
    """The cap over all categories, the person's own wish laid over it, and the category's."""
    cap = asked.policy.cap
    if wishes.max_per_day and (not cap.per_day or wishes.max_per_day < cap.per_day):
        cap = Cap(wishes.max_per_day, cap.per_week)
    return cap, asked.policy.category_cap


_UNLIMITED = (NO_CAP, NO_CAP)


def over_cap(caps: tuple[Cap, Cap], used: Used, category_used: Used, priority: int) -> str:
    """Which cap is full for this priority, in words; empty: none is."""
    (every, own) = caps
    limits = (
        ("a day", every.per_day, used.today),
        ("a week", every.per_week, used.week),
        ("a day in this category", own.per_day, category_used.today),
        ("a week in this category", own.per_week, category_used.week),
    )
    for words, limit, count in limits:
        if limit and count >= room(limit, priority):
            return f"{count} of {limit} {words}"
    return ""


def room(limit: int, priority: int) -> int:
    """How many of a cap this priority may fill: low leaves the last quarter to the others."""
    return limit - limit // 4 if priority >= LOW else limit
