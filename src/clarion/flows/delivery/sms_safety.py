"""Step: SMS safety. Which numbers get text messages at all, how many a range of numbers gets (SMS pumping), and what a
day may cost. Between addressing and sending, for a whole batch; other channels pass through untouched.

A number of a refused kind or country ends (the next channel of a chain takes over). A range or a day that has had
enough makes messages wait; critical ones wait for a range like all others, for it is one-time codes that are pumped.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings

from clarion.contract.channel import ChannelKey
from clarion.contract.rate import Rate
from clarion.contract.reasons import Reason
from clarion.flows.delivery.address import Addressed
from clarion.flows.delivery.fallback import has_chain
from clarion.flows.delivery.sms_segments import segments_of
from clarion.flows.delivery.work import Fate, Work, ended, held
from clarion.records.ledger.status import Status
from clarion.records.pacing.allowances import Allowance, allowances
from clarion.records.pacing.gcra import allowance
from clarion.records.personal.ring import ring
from clarion.records.preferences.rules import CRITICAL
from clarion.records.sms_safety import spend
from clarion.records.sms_safety.numbers import NumberFacts, facts_of
from clarion.records.sms_safety.policy import SmsPolicy
from clarion.records.sms_safety.spend import Item

STAGE = "sms_safety"
# outcomes of attempts that cost something, or may have
COST = frozenset({"sent", "unclear"})
log = structlog.get_logger()
Known = tuple[Addressed, NumberFacts]


@dataclass(slots=True, kw_only=True)
class Spending:
    """What may be sent, and what of it was counted as the day's; what is not taken after all is given back."""

    allowed: Sequence[Addressed]
    day: date
    reserved: dict[UUID, Item] = field(default_factory=dict)

    def keep(self, fates: Iterable[Fate]) -> None:
        """These were sent, or may have been: they stay counted."""
        for fate in fates:
            if any(attempt.outcome in COST for attempt in fate.attempts):
                self.reserved.pop(fate.work.id, None)

    def give_back_rest(self) -> None:
        """Everything that was not kept comes off the day."""
        spend.give_back(self.day, list(self.reserved.values()))
        self.reserved.clear()


def check(batch: Sequence[Addressed], now: datetime) -> tuple[Spending, list[Fate]]:
    """What may be sent, and the fates of the rest."""
    day = now.astimezone(UTC).date()
    if not batch or batch[0].work.channel is not ChannelKey.SMS:
        return Spending(allowed=batch, day=day), []
    policy: SmsPolicy = settings.SMS_POLICY
    known, refused = _by_number(batch, policy, now)
    calm, pumped = _by_range(known, policy, now)
    spending, over = _by_spend(calm, policy, day, now)
    return spending, [*refused, *pumped, *over]


def _by_number(batch: Sequence[Addressed], policy: SmsPolicy, now: datetime) -> tuple[list[Known], list[Fate]]:
    passed: list[Known] = []
    fates: list[Fate] = []
    for item in batch:
        facts = facts_of(item.messages[0].target.value)
        refusal = policy.refusal(facts, item.work.category.key)
        if refusal is None:
            passed.append((item, facts))
            continue
        reason, shown = refusal
        to = Status.FAILED if has_chain(item.work) else Status.SUPPRESSED
        rule = "country" if reason is Reason.SMS_COUNTRY else "line"
        fates.append(ended(item.work, to, reason, STAGE, rule, now, shown))
    return passed, fates


def _by_range(known: Sequence[Known], policy: SmsPolicy, now: datetime) -> tuple[list[Known], list[Fate]]:
    if policy.range_limit is None or not known:
        return list(known), []
    asked = [_allowances(item.work, facts, policy.range_limit) for item, facts in known]
    passed: list[Known] = []
    fates: list[Fate] = []
    for each, answer in zip(known, allowances.ask(asked), strict=True):
        if answer.wait <= 0:
            passed.append(each)
            continue
        rule, wait = f"range {policy.range_limit}", timedelta(seconds=answer.wait)
        fates.append(held(each[0].work, Reason.SMS_VELOCITY, STAGE, rule, wait, now))
    if fates:
        log.warning("sms_range_held", messages=len(fates), limit=str(policy.range_limit))
    return passed, fates


def _allowances(work: Work, facts: NumberFacts, rate: Rate) -> list[Allowance]:
    """A retry was counted at its first attempt. The key tells nothing of the number."""
    if work.tries > 1:
        return []
    return [
        Allowance(key=f"sms-range:{ring().lookup_hash('sms range', facts.range).hex()[:32]}", limit=allowance(rate))
    ]


def _by_spend(known: Sequence[Known], policy: SmsPolicy, day: date, now: datetime) -> tuple[Spending, list[Fate]]:
    items = [_item(item, facts, policy) for item, facts in known]
    admitted = spend.reserve(day, items, policy.cap)
    spending = Spending(allowed=[item for (item, _), goes in zip(known, admitted, strict=True) if goes], day=day)
    fates: list[Fate] = []
    for (addressed, _), item, goes in zip(known, items, admitted, strict=True):
        if goes:
            spending.reserved[addressed.work.id] = item
        else:
            fates.append(held(addressed.work, Reason.SMS_SPEND_CAP, STAGE, "day", _until_tomorrow(now), now))
    if fates:
        log.warning("sms_cap_reached", day=str(day), messages=len(fates))
    return spending, fates


def _item(item: Addressed, facts: NumberFacts, policy: SmsPolicy) -> Item:
    work = item.work
    segments = segments_of(item.messages[0]) or 1
    return Item(
        country=facts.country,
        segments=segments,
        cost_micro=policy.prices.of(facts.country, segments),
        critical=work.priority == CRITICAL and not work.category.marketing,
    )


def _until_tomorrow(now: datetime) -> timedelta:
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + timedelta(days=1) - now
