"""The simulated engine: no order of events breaks a law, and every fault that is planted in it is found."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clarion.surfaces.cli.chaos.simulation.picking import pick
from clarion.surfaces.cli.chaos.simulation.planted import Planted
from clarion.surfaces.cli.chaos.simulation.queue_model import Entry
from clarion.surfaces.cli.chaos.simulation.run import simulate
from clarion.surfaces.cli.chaos.simulation.schedule import Schedule
from clarion.surfaces.cli.chaos.simulation.story import Law

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SEEDS = 1_500
# what each fault breaks, and within how many schedules that is seen at the latest
FOUND = {
    Planted.NO_FENCE: (Law.FENCED, 500),
    Planted.GONE_AT_CLAIM: (Law.NOT_LOST, 50),
    Planted.NO_MARK: (Law.NOT_DOUBLED, 500),
    Planted.NO_LEASE_CHECK: (Law.NOT_DOUBLED, 2_000),
    Planted.CANCEL_ANYWAY: (Law.NO_PHANTOM, 500),
    Planted.NO_RETRY_AFTER: (Law.NOT_EARLY, 500),
    Planted.ANY_MOVE: (Law.ONWARD_ONLY, 500),
    Planted.OLDEST_FIRST: (Law.URGENT_FIRST, 100),
    Planted.FREE_TOKENS: (Law.RATE_KEPT, 1_000),
    Planted.FORGIVING: (Law.NOT_DOUBLED, 8_000),
    Planted.LEASE_KEPT: (Law.NOT_EARLY, 8_000),
}


def test_no_schedule_breaks_a_law() -> None:
    done = simulate(0, SEEDS)
    assert done.broken is None, "\n".join(map(str, [done.broken.seed, *done.broken.breaches, *done.broken.trace]))
    assert done.seeds == SEEDS
    assert done.doubled > 0, "some order of events leads to a double that nobody could know of"


@pytest.mark.parametrize("planted", list(Planted))
def test_a_planted_fault_is_found(planted: Planted) -> None:
    law, within = FOUND[planted]
    broken = simulate(0, within, planted=planted).broken
    assert broken is not None, f"{within} schedules did not betray {planted}"
    assert law in {breach.law for breach in broken.breaches}


def test_a_seed_tells_the_same_story_again() -> None:
    first, again = Schedule(77).run(), Schedule(77).run()
    assert first == again
    assert any("worker_claimed" in line for line in first.trace)


def entry(number: int, *, caller: int = 0, priority: int = 3, age: float = 1, held: bool = False) -> Entry:
    return Entry(
        id=UUID(int=number),
        lane="email",
        priority=priority,
        caller=UUID(int=caller),
        due_at=NOW - timedelta(seconds=age),
        lease=7 if held else None,
        lease_until=NOW + timedelta(seconds=9) if held else None,
    )


def picked(entries: list[Entry], limit: int, *, start: int = 0, most_callers: int = 50) -> list[int]:
    found = pick(
        entries,
        lane="email",
        limit=limit,
        priorities=(1, 2, 3, 4),
        now=NOW,
        age=timedelta(0),
        start=UUID(int=start),
        most_callers=most_callers,
    )
    return [each.id.int for each in found]


def test_the_urgent_come_first_and_the_oldest_of_them_before_the_others() -> None:
    assert picked([entry(1, priority=4, age=90), entry(2, priority=1), entry(3, priority=1, age=5)], 2) == [3, 2]


def test_a_flood_of_one_caller_leaves_the_others_their_share() -> None:
    flood = [entry(number, caller=1, age=100 - number) for number in range(1, 51)]
    assert picked([*flood, entry(98, caller=2), entry(99, caller=3)], 6) == [1, 2, 98, 99]
    assert picked([*flood, entry(98, caller=2), entry(99, caller=3)], 6, start=3) == [99, 1, 2, 98]


def test_what_is_held_or_not_due_stays() -> None:
    assert picked([entry(1, held=True), entry(2, age=-5), entry(3)], 5) == [3]


entries = st.lists(
    st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(-50, 50), st.booleans()), max_size=25
).map(lambda rows: [entry(n, caller=c, priority=p, age=a + n / 1e3, held=h) for n, (c, p, a, h) in enumerate(rows)])


@given(entries, st.integers(1, 12), st.integers(0, 5))
def test_a_pick_is_fair_whatever_waits(waiting: list[Entry], limit: int, start: int) -> None:
    found = picked(waiting, limit, start=start)
    assert len(found) == len(set(found)) <= limit
    due = {e.id.int: e for e in waiting if e.due_at <= NOW and e.lease is None}
    assert set(found) <= set(due)
    if due:
        assert found, "where something is due, something is picked"
        most_urgent = min(e.priority for e in due.values())
        assert due[found[0]].priority == most_urgent
    for caller in {e.caller for e in due.values()}:
        for priority in (1, 2, 3, 4):
            own = [e for e in due.values() if (e.caller, e.priority) == (caller, priority)]
            got = [due[one] for one in found if (due[one].caller, due[one].priority) == (caller, priority)]
            oldest = sorted(own, key=lambda e: e.due_at)[: len(got)]
            assert {e.id for e in got} == {e.id for e in oldest}, "of one caller and priority, the oldest go first"
