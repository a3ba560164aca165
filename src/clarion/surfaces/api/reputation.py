"""How the reputation of an account is shown, with what was ruled about it."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from clarion.contract.input_error import InputError
from clarion.records import clock
from clarion.records.categories.catalog import catalog
from clarion.records.reputation import guard
from clarion.records.reputation.models import WHOLE, Ruling, Standing
from clarion.records.reputation.rules import Counts, State
from clarion.surfaces.api.fields import CategoryName, Instant

MOST_RULINGS = 20


class StandingOut(msgspec.Struct, frozen=True, kw_only=True):
    """What was sent in the guard's window and what came of it; rates in percent. `category` empty: the account without
    the categories that are paused on it. `state`: good, warned or paused (until somebody resumes it)."""

    category: str
    state: str
    why: str
    since: Instant
    sent: int
    bounced: int
    complained: int
    bounce_rate: float
    complaint_rate: float


class RulingOut(msgspec.Struct, frozen=True, kw_only=True):
    """A change: by the guard, or by a person who said why."""

    at: Instant
    category: str
    before: str
    after: str
    by: str
    why: str


class ReputationOut(msgspec.Struct, frozen=True, kw_only=True):
    """`state` is the worst of the account and its categories; `rulings` are the latest, newest first (only where one
    account is shown)."""

    state: str
    standings: list[StandingOut]
    rulings: list[RulingOut]


class ResumeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`why` goes on record with a pause of the reputation guard. `category`: resume it alone, and nothing else."""

    why: Annotated[str, Meta(max_length=500)] = ""
    category: CategoryName | None = None


def resume_category(account: str, body: ResumeIn, by: str) -> None:
    """Let one category go on; raises InputError."""
    found = catalog.find(body.category) if body.category is not None else None
    if found is None:
        raise InputError("category_not_found", "there is no such category; see GET /categories", pointer="/category")
    if not guard.resume(account, by, body.why, clock.now(), found.id):
        raise InputError("not_paused", "the guard has not paused this category here", pointer="/category", status=409)


_WORST = (State.PAUSED, State.WARNED, State.GOOD)


def reputations_of(labels: Sequence[str], *, rulings: bool = False) -> dict[str, ReputationOut]:
    """By account label; two queries at most for any number."""
    standings: dict[str, list[Standing]] = {label: [] for label in labels}
    for row in Standing.objects.filter(account__in=labels).order_by("category_id"):
        standings[row.account].append(row)
    ruled: dict[str, list[Ruling]] = {label: [] for label in labels}
    if rulings:
        for ruling in Ruling.objects.filter(account__in=labels).order_by("-id")[:MOST_RULINGS]:
            ruled[ruling.account].append(ruling)
    return {
        label: ReputationOut(
            state=next((s for s in _WORST if any(row.state == s for row in rows)), State.GOOD),
            standings=[_standing(row) for row in rows],
            rulings=[_ruling(ruling) for ruling in ruled[label]],
        )
        for label, rows in standings.items()
    }


def _standing(row: Standing) -> StandingOut:
    counts = Counts(sent=row.sent, bounced=row.bounced, complained=row.complained)
    return StandingOut(
        category=_category(row.category_id),
        state=row.state,
        why=row.why,
        since=row.since,
        sent=row.sent,
        bounced=row.bounced,
        complained=row.complained,
        bounce_rate=round(counts.bounce_rate, 3),
        complaint_rate=round(counts.complaint_rate, 4),
    )


def _ruling(row: Ruling) -> RulingOut:
    return RulingOut(
        at=row.at, category=_category(row.category_id), before=row.before, after=row.after, by=row.by, why=row.why
    )


def _category(identifier: int) -> str:
    found = catalog.find(identifier) if identifier != WHOLE else None
    return found.key if found is not None else "" if identifier == WHOLE else str(identifier)
