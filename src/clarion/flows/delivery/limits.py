"""Step: limits. How many messages of a category a person gets singly (collecting.py), how many on a channel, and how
fast a category goes, over all workers.

What is over a limit is held until the limit allows it, at most until it expires. Critical work is exempt; a retry was
counted at its first attempt. One call for a whole batch.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings

from clarion.contract.rate import Rate
from clarion.contract.reasons import Reason
from clarion.flows.delivery.collecting import collect
from clarion.flows.delivery.work import Fate, Work, held
from clarion.records.pacing.allowances import Allowance, allowances
from clarion.records.pacing.gcra import allowance
from clarion.records.preferences.rules import CRITICAL


def limit(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    """Those that may go now, and the fates of those that wait or go out with others."""
    single, collected = collect(batch, now)
    passed, waiting = _within_rates(single, now)
    return passed, [*collected, *waiting]


def _within_rates(batch: Sequence[Work], now: datetime) -> tuple[list[Work], list[Fate]]:
    asked = [_allowances(work) for work in batch]
    if not any(asked):
        return list(batch), []
    passed: list[Work] = []
    fates: list[Fate] = []
    for work, item, answer in zip(batch, asked, allowances.ask(asked), strict=True):
        if answer.wait <= 0:
            passed.append(work)
        else:
            rule = _shown(item[answer.by])
            fates.append(held(work, Reason.RATE_LIMITED, "limits", rule, timedelta(seconds=answer.wait), now))
    return passed, fates


def _allowances(work: Work) -> list[Allowance]:
    if work.priority == CRITICAL or work.tries > 1:
        return []
    found = []
    own = work.category.user_limit
    rate: Rate | None = own or settings.USER_LIMITS.get(work.channel)
    if rate is not None:
        # a category with a limit of its own is counted apart from the rest of the channel
        key = f"user:{work.channel}:{work.user_id}" + (f":{work.category.id}" if own else "")
        found.append(Allowance(key=key, limit=allowance(rate)))
    if work.category.rate is not None:
        found.append(Allowance(key=f"category:{work.category.id}", limit=allowance(work.category.rate)))
    return found


def _shown(item: Allowance) -> str:
    """`user 100/min`, `category 10/s`."""
    return f"{item.key.partition(':')[0]} {item.limit.rate}"
