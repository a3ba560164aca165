"""The reputation guard: looks at the counts every so often, warns, and pauses what burns the sender's name, until a
person resumes it. The smallest part that explains it is paused: a category on an account, else the account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from clarion.records.reputation import tallies
from clarion.records.reputation.models import WHOLE, Ruling, Standing
from clarion.records.reputation.rules import Counts, State, Thresholds, judge

GUARD = "guard"
Key = tuple[str, int]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """What must not go through an account: everything, or these categories."""

    whole: bool = False
    categories: frozenset[int] = frozenset()


def evaluate(limits: Thresholds, now: datetime) -> list[Ruling]:
    """Judge every account and category by what it came to within the window; returns what changed."""
    tallies.compact(now)
    with transaction.atomic():
        known = {(row.account, row.category_id): row for row in Standing.objects.select_for_update().order_by("id")}
        counted = tallies.sums(now - limits.window)
        changed = [
            ruling
            for key in sorted({key for key in (*counted, *known) if key[1] != WHOLE})
            if (ruling := _rule(key, counted.get(key, Counts()), known, limits, now)) is not None
        ]
        for account in sorted({account for account, _ in (*counted, *known)}):
            ruling = _rule((account, WHOLE), _of_account(account, counted, known), known, limits, now)
            changed += [ruling] if ruling is not None else []
        Ruling.objects.bulk_create(changed)
    for each in changed:
        log.warning("reputation_ruled", account=each.account, category=each.category_id, to=each.after, why=each.why)
    return changed


def _of_account(account: str, counted: Mapping[Key, Counts], known: Mapping[Key, Standing]) -> Counts:
    """The account without the categories that are paused on it: those burn its name no further."""
    total = Counts()
    for key, counts in counted.items():
        row = known.get(key)
        if key[0] == account and (row is None or row.state != State.PAUSED):
            total += counts
    return total


def _rule(key: Key, counts: Counts, known: dict[Key, Standing], limits: Thresholds, now: datetime) -> Ruling | None:
    row = known.get(key)
    if row is None:
        row = Standing(account=key[0], category_id=key[1], state=State.GOOD, since=now)
        known[key] = row
    before = State(row.state)
    after, why = judge(before, counts, limits)
    ruling = None
    if after is not before:
        row.state, row.since, row.why = after, now, why
        ruling = Ruling(account=key[0], category_id=key[1], at=now, before=before, after=after, by=GUARD, why=why)
    if before is not State.PAUSED:  # what it was paused for stays to be seen
        row.sent, row.bounced, row.complained = counts.sent, counts.bounced, counts.complained
    row.save()
    return ruling


def resume(account: str, by: str, why: str, now: datetime, category: int | None = None) -> int:
    """Let an account (and all its categories) or one category on it go on; what was counted so far counts no more.
    Returns how many pauses that ended."""
    rows = Standing.objects.select_for_update().filter(account=account)
    if category is not None:
        rows = rows.filter(category_id=category)
    with transaction.atomic():
        ended = [row for row in rows if row.state == State.PAUSED]
        for row in ended:
            row.state, row.since, row.counts_from, row.why = State.GOOD, now, now, ""
            row.sent = row.bounced = row.complained = 0
            row.save()
        Ruling.objects.bulk_create(
            Ruling(
                account=account,
                category_id=row.category_id,
                at=now,
                before=State.PAUSED,
                after=State.GOOD,
                by=by,
                why=why[:500],
            )
            for row in ended
        )
    if ended:
        log.info("reputation_resumed", account=account, by=by, parts=len(ended))
    return len(ended)


def barred(channel: str) -> dict[str, Barred]:
    """What is paused of a channel's accounts, by their names."""
    found: dict[str, Barred] = {}
    paused = Standing.objects.filter(account__startswith=f"{channel}.", state=State.PAUSED)
    for account, category in paused.values_list("account", "category_id"):
        name = account.removeprefix(f"{channel}.")
        known = found.get(name, Barred())
        found[name] = Barred(
            whole=known.whole or category == WHOLE,
            categories=known.categories | ({category} if category != WHOLE else frozenset()),
        )
    return found


def forget(account: str) -> None:
    """An account was removed; one that comes back under its name begins anew."""
    Standing.objects.filter(account=account).delete()
