"""Times the gate before sending, in the process inside: people with wishes of every kind, batch after batch.

Measured in turns over the same batches: as it is; with nothing remembered of what people set; and what it would cost to
ask the database alone whether anything about these people changed, which is the least that a memory of people, kept
apart from the database, could cost.
"""

import time
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from uuid import UUID

from clarion.surfaces.cli.bench.orders import Gated, Gating

if TYPE_CHECKING:
    from clarion.flows.delivery.work import Work

CHUNK = 2_000
_VERSIONS = "SELECT user_id, version FROM bench_version WHERE user_id = ANY(%s::uuid[])"


def measure_gate(order: Gating) -> Gated:
    """Microseconds a message, by what was measured."""
    rng = Random(7)  # noqa: S311 - the same people every time
    _give_wishes(order.people, rng)
    ways: dict[str, Callable[[list[UUID]], float]] = {
        "gate, facts included": _through,
        "the same, nothing remembered": _forgetful,
        "only asking whether anything changed": _versions,
    }
    found: dict[str, list[float]] = {}
    for number in range(order.rounds + 1):
        batch = rng.sample(order.people, order.batch)
        for what, measure in ways.items():
            seconds = measure(batch)
            if number:  # the first round makes ready
                found.setdefault(what, []).append(seconds * 1e6 / order.batch)
    return Gated(microseconds=found)


def _through(batch: list[UUID]) -> float:
    """Seconds for reading the facts and deciding; making the work that is decided about is not the gate's."""
    from clarion.flows.delivery.gate import gate
    from clarion.records import clock
    from clarion.records.categories.catalog import GENERAL, catalog
    from clarion.records.people import facts

    category = catalog.find(GENERAL)
    assert category is not None
    began = time.perf_counter()
    people = facts.load(batch, [category.id])
    read = time.perf_counter() - began
    now = clock.now()
    works = [_work(people[one], category, now) for one in batch]
    began = time.perf_counter()
    gate(works, now)
    return read + time.perf_counter() - began


def _forgetful(batch: list[UUID]) -> float:
    from clarion.records.preferences import stored

    with patch.object(stored, "wishes", stored.wishes.__wrapped__):
        return _through(batch)


def _versions(batch: list[UUID]) -> float:
    from clarion.records import hot

    began = time.perf_counter()
    hot.fetch(_VERSIONS, [hot.uuids(batch)])
    return time.perf_counter() - began


def _work(person: Any, category: Any, now: Any) -> "Work":
    from clarion.contract.channel import ChannelKey
    from clarion.flows.delivery.work import Work
    from clarion.records.ids import new_id

    return Work(
        id=new_id(),
        attempt=1,
        tries=1,
        abandoned=False,
        user_id=person.id,
        channel=ChannelKey.PUSH,
        category=category,
        version_id=None,
        priority=3,
        bypass=False,
        created_at=now,
        expires_at=None,
        scheduled_at=None,
        due_at=now,
        replayed_at=None,
        payload={},
        person=person,
    )


def _give_wishes(people: list[UUID], rng: Random) -> None:
    """Half set something; of those, four in ten have quiet hours, and three in ten something for a category."""
    from django.db import connection, transaction

    from clarion.records.categories.catalog import GENERAL, catalog
    from clarion.records.preferences.models import CategoryPreference, GlobalPreference

    category = catalog.find(GENERAL)
    assert category is not None
    with transaction.atomic():
        for first in range(0, len(people), CHUNK):
            chosen = [one for one in people[first : first + CHUNK] if rng.random() < 0.5]
            GlobalPreference.objects.bulk_create([_wishes(one, rng) for one in chosen])
            CategoryPreference.objects.bulk_create(
                CategoryPreference(user_id=one, category_id=category.id, channels={"sms": False})
                for one in chosen
                if rng.random() < 0.3
            )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE bench_version AS SELECT id AS user_id, 1::bigint AS version FROM people_user"
        )
        cursor.execute("ALTER TABLE bench_version ADD PRIMARY KEY (user_id)")
        for table in ("people_user", "preferences_global", "preferences_category", "bench_version"):
            cursor.execute(f"ANALYZE {table}")


def _wishes(user_id: UUID, rng: Random) -> Any:
    from clarion.records.preferences.models import GlobalPreference

    quiet = {"enabled": True, "start": "22:00", "end": f"0{rng.randint(5, 9)}:00", "days": {}}
    return GlobalPreference(
        pk=user_id,
        channels={"sms": rng.random() < 0.5},
        marketing_enabled=rng.random() < 0.5,
        consents={"marketing": True},
        quiet_hours=quiet if rng.random() < 0.4 else None,
    )
