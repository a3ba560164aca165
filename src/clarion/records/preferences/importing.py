"""Taking in many people's wishes from another system: a page at a time, each in one transaction, so what was counted is
durable, and the same list may be sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import get_user_model

from clarion.records.preferences import store
from clarion.records.preferences.wished import Preferences

PAGE = 1_000
GONE = "there is no such user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One person of the list, by id or by the platform's own key; `place`: its line."""

    place: int
    user_id: UUID | None
    external_id: str
    wishes: Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line that was not taken, and why."""

    place: int
    code: str
    message: str
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a page: `unchanged` had it so already."""

    changed: int
    unchanged: int
    rejected: tuple[Rejected, ...]


def take_page(rows: Sequence[Row], *, source: str, actor: str, note: str) -> Taken:
    """Take a page in. A person named twice is taken by the last line alone, and the others are rejected. Wishes that
    cannot be stored reject their line alone; a bounded number of queries for those that can."""
    people, rejected = _found(rows)
    wanted = {user_id: row.wishes for user_id, row in people.items()}
    done = store.change_many(wanted, replace=False, source=source, actor=actor, note=note)
    for user_id, error in done.refused.items():
        rejected.append(
            Rejected(place=people[user_id].place, code=error.code, message=error.message, pointer=error.pointer)
        )
    for user_id in done.gone:
        rejected.append(Rejected(place=people[user_id].place, code="user_not_found", message=GONE))
    kept = len(people) - len(done.gone) - len(done.refused)
    rejected.sort(key=lambda one: one.place)
    return Taken(changed=len(done.changed), unchanged=kept - len(done.changed), rejected=tuple(rejected))


def _found(rows: Sequence[Row]) -> tuple[dict[UUID, Row], list[Rejected]]:
    """Who they are, in one query."""
    registered = get_user_model().objects
    ids = {row.user_id for row in rows if row.user_id is not None}
    keys = {row.external_id for row in rows if row.user_id is None}
    present = set(registered.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    by_key = dict(registered.filter(external_id__in=keys).values_list("external_id", "pk")) if keys else {}
    people: dict[UUID, Row] = {}
    rejected: list[Rejected] = []
    for row in rows:
        user_id = row.user_id if row.user_id is not None else by_key.get(row.external_id)
        if user_id is None or (row.user_id is not None and user_id not in present):
            rejected.append(Rejected(place=row.place, code="user_not_found", message=GONE))
            continue
        if user_id in people:
            earlier = people[user_id].place
            rejected.append(
                Rejected(place=earlier, code="duplicate_user", message=f"line {row.place} is about the same user")
            )
        people[user_id] = row
    return people, rejected
