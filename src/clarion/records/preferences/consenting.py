"""Consent given and withdrawn: the history and the current state, in one transaction.

The state is `preferences_global.consents` (purpose → given), which the gate reads with a person's other wishes; the
history is in records/consents. What switching marketing on or off means for consent is in store.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction

from clarion.records.consents import history
from clarion.records.consents.history import Answer
from clarion.records.consents.models import Record
from clarion.records.consents.purposes import Source
from clarion.records.preferences.models import GlobalPreference

TOLD_BY_OTHERS = frozenset({Source.IMPORT, Source.COMPLAINT, Source.PROVIDER, Source.SMS_KEYWORD})
"""What comes through these doors was said elsewhere and earlier. Through the others people answer now."""


def record(answers: Iterable[Answer]) -> list[Record]:
    """Write these answers down and change the current state with them; returns what is new in the history, in the order
    given. What only repeats the newest answer changes nothing; one that is older than the newest becomes history alone,
    but for a withdrawal that is made now: clocks differ, and a No must not be lost by that. People who do not exist are
    left out. A bounded number of queries for any number."""
    wanted = list(answers)
    if not wanted:
        return []
    with transaction.atomic():
        present = _locked({each.user_id for each in wanted})
        fresh, state = _weigh([each for each in wanted if each.user_id in present])
        _store(state)
        return history.append(fresh)


def _locked(user_ids: set[UUID]) -> set[UUID]:
    """One writer a person at a time (as in store.change), in one order for everybody."""
    people = get_user_model().objects.select_for_update(no_key=True).filter(pk__in=user_ids).order_by("pk")
    return set(people.values_list("pk", flat=True))


State = dict[UUID, dict[str, bool]]


def _weigh(wanted: Sequence[Answer]) -> tuple[list[Answer], State]:
    """What is new, and the state it makes."""
    users = {each.user_id for each in wanted}
    newest = {key: (row.at, row.given, row.text_version) for key, row in history.latest(users).items()}
    told = set(
        Record.objects.filter(user_id__in=users, at__in=[each.at for each in wanted]).values_list(
            "user_id", "purpose", "given", "at"
        )
    )
    fresh: list[Answer] = []
    state: State = {}
    for each in wanted:
        key = (each.user_id, each.purpose)
        at, given, version = newest.get(key, (None, None, None))
        if at is not None and each.at < at and not each.given and each.source not in TOLD_BY_OTHERS:
            each = replace(each, at=at)  # noqa: PLW2901 - the same answer, put right
        later = at is None or each.at >= at
        repeats = later and given == each.given and each.text_version in (None, version)
        if repeats or (*key, each.given, each.at) in told:
            continue
        fresh.append(each)
        if later:
            newest[key] = (each.at, each.given, each.text_version)
            state.setdefault(each.user_id, {})[each.purpose] = each.given
    return fresh, state


def _store(state: State) -> None:
    if not state:
        return
    known = GlobalPreference.objects.in_bulk(list(state))
    for row in known.values():
        row.consents = {**row.consents, **state[row.pk]}
        row.version += 1  # who holds what was shown before must not write it back over this
    GlobalPreference.objects.bulk_update(known.values(), ["consents", "version"])
    new = [each for each in state if each not in known]
    GlobalPreference.objects.bulk_create(GlobalPreference(pk=one, consents=state[one], version=1) for one in new)
