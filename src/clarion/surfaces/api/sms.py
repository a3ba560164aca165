"""What text messages cost: a day's count by country, held against the cap."""

from datetime import UTC, date

import msgspec
from django.conf import settings

from clarion.records import clock
from clarion.records.access.permissions import Permission
from clarion.records.sms_safety import spend
from clarion.records.sms_safety.models import SmsSpend
from clarion.records.sms_safety.policy import MICRO, SmsPolicy
from clarion.surfaces.api.endpoint import Answer, Call, Endpoint, operation


class UsageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which day (UTC); today's without one."""

    day: date | None = None


class CountryUse(msgspec.Struct, frozen=True, kw_only=True):
    """What one country came to; `ZZ`: the number tells none."""

    country: str
    messages: int
    segments: int
    cost: str


class UsageOut(msgspec.Struct, frozen=True, kw_only=True):
    """What a day's text messages came to, by our own count and CLARION_SMS_PRICES: those that were sent, and those that
    may have been. `cost` is in `currency` (empty: no prices are set). A cap that is null is not set."""

    day: date
    messages: int
    segments: int
    cost: str
    currency: str
    segments_cap: int | None
    cost_cap: str | None
    countries: list[CountryUse]


def _money(micro: int) -> str:
    """Millionths as a decimal with as few digits as it takes, two at least: `12.50`, `0.0075`."""
    text = f"{micro // MICRO}.{micro % MICRO:06d}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<2}"


def _usage(day: date, rows: list[SmsSpend]) -> UsageOut:
    policy: SmsPolicy = settings.SMS_POLICY
    used = [row for row in rows if row.messages]
    return UsageOut(
        day=day,
        messages=sum(row.messages for row in used),
        segments=sum(row.segments for row in used),
        cost=_money(sum(row.cost_micro for row in used)),
        currency=policy.prices.currency,
        segments_cap=policy.cap.segments,
        cost_cap=None if policy.cap.cost_micro is None else _money(policy.cap.cost_micro),
        countries=[
            CountryUse(country=r.country, messages=r.messages, segments=r.segments, cost=_money(r.cost_micro))
            for r in used
        ],
    )


class SmsUsageView(Endpoint):
    tag = "providers"

    @operation(permission=Permission.ANALYTICS, query=UsageQuery, answers={200: UsageOut})
    def get(self, call: Call) -> Answer:
        """Show what a day's text messages came to, by country."""
        query: UsageQuery = call.query
        day = query.day or clock.now().astimezone(UTC).date()
        return Answer(value=_usage(day, spend.of_day(day)))
