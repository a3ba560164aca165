"""Counting what a day costs: reserved before sending for a whole batch, given back for what was not taken.

PostgreSQL holds the count, not Redis: a cap must survive a restart, and be exact over all workers. With a cap the
workers count one after the other (an advisory lock for the moment of counting); a worker that dies leaves its
reservation standing, so the day may come to less than the cap, never to more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from clarion.records.sms_safety.models import SmsSpend
from clarion.records.sms_safety.policy import Cap

LOCK = 0x736D73  # "sms"
_ADD = """
INSERT INTO sms_spend (day, country, messages, segments, cost_micro)
SELECT %(day)s, t.country, t.messages, t.segments, t.cost
FROM unnest(%(countries)s::text[], %(messages)s::bigint[], %(segments)s::bigint[], %(costs)s::bigint[])
    AS t (country, messages, segments, cost)
ON CONFLICT (day, country) DO UPDATE SET
    messages = sms_spend.messages + excluded.messages,
    segments = sms_spend.segments + excluded.segments,
    cost_micro = sms_spend.cost_micro + excluded.cost_micro
"""
_TOTAL = "SELECT coalesce(sum(segments), 0)::bigint, coalesce(sum(cost_micro), 0)::bigint FROM sms_spend WHERE day = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What one message costs; `critical`: it may use the reserve."""

    country: str
    segments: int
    cost_micro: int
    critical: bool = False


def reserve(day: date, items: Sequence[Item], cap: Cap) -> list[bool]:
    """For each message whether the day has room for it, in order; what has room is counted at once."""
    if not items:
        return []
    with transaction.atomic():
        admitted = _admit(day, items, cap) if cap.is_set else [True] * len(items)
        _add(day, [item for item, goes in zip(items, admitted, strict=True) if goes], 1)
    return admitted


def give_back(day: date, items: Sequence[Item]) -> None:
    """Take what was reserved off the day again."""
    _add(day, items, -1)


def of_day(day: date) -> list[SmsSpend]:
    """What the day came to, by country."""
    return list(SmsSpend.objects.filter(day=day).order_by("country"))


def _admit(day: date, items: Sequence[Item], cap: Cap) -> list[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_TOTAL, [day])
        segments, cost = cursor.fetchone()
    admitted = []
    for item in items:
        goes = cap.admits(segments + item.segments, cost + item.cost_micro, critical=item.critical)
        if goes:
            segments, cost = segments + item.segments, cost + item.cost_micro
        admitted.append(goes)
    return admitted


def _add(day: date, items: Sequence[Item], sign: int) -> None:
    """One statement for any number; countries in order, so that two workers never wait for each other in a ring."""
    if not items:
        return
    sums: dict[str, list[int]] = {}
    for item in items:
        of_country = sums.setdefault(item.country, [0, 0, 0])
        for place, amount in enumerate((1, item.segments, item.cost_micro)):
            of_country[place] += sign * amount
    countries = sorted(sums)
    columns = {"messages": 0, "segments": 1, "costs": 2}
    values = {name: [sums[country][place] for country in countries] for name, place in columns.items()}
    with connection.cursor() as cursor:
        cursor.execute(_ADD, {"day": day, "countries": countries, **values})
