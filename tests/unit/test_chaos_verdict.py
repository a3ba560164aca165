"""The judgement of `clarion chaos`: what counts as lost, doubled, allowed."""

from clarion.surfaces.cli.chaos.verdict import Acknowledged, Taken, Verdict, Window, judge, recovery

KEPT = Verdict(lost=0, phantoms=0, doubled=0, bound=0, outside=0, stall=0.0)


def acked(*ids: str, at: float = 100.0, due: float = 100.0) -> list[Acknowledged]:
    return [Acknowledged(id=each, at=at, due=due) for each in ids]


def taken(*pairs: tuple[str, float]) -> list[Taken]:
    return [Taken(id=each, at=at) for each, at in pairs]


def test_each_acknowledged_one_taken_once_keeps_the_promise() -> None:
    assert judge(acked("a", "b"), taken(("a", 100.0), ("b", 100.0)), []) == KEPT


def test_an_acknowledged_one_that_was_never_taken_is_lost() -> None:
    assert judge(acked("a", "b"), taken(("a", 100.0)), []).lost == 1


def test_one_that_nobody_was_told_of_is_a_phantom() -> None:
    verdict = judge(acked("a"), taken(("a", 100.0), ("z", 100.0)), [])
    assert (verdict.phantoms, verdict.lost) == (1, 0)


def test_a_double_without_a_fault_before_it_is_outside_the_bound() -> None:
    verdict = judge(acked("a"), taken(("a", 100.0), ("a", 101.0)), [])
    assert (verdict.doubled, verdict.bound, verdict.outside) == (1, 0, 1)


def test_a_double_whose_first_copy_fell_into_a_faults_window_is_within_the_bound() -> None:
    window = Window(begins=99.0, ends=100.5)
    verdict = judge(acked("a", "b"), taken(("a", 130.0), ("a", 100.0), ("b", 100.4)), [window])
    assert (verdict.doubled, verdict.bound, verdict.outside) == (1, 2, 0)


def test_a_third_copy_needs_a_second_fault() -> None:
    copies = taken(("a", 100.0), ("a", 130.0), ("a", 160.0))
    first, second = Window(begins=99.0, ends=101.0), Window(begins=129.0, ends=131.0)
    assert judge(acked("a"), copies, [first]).outside == 1
    assert judge(acked("a"), copies, [first, second]).outside == 0


def test_the_stall_is_counted_from_acknowledged_and_due() -> None:
    scheduled, late = acked("a", at=100.0, due=110.0), acked("b", at=112.0, due=100.0)
    assert judge([*scheduled, *late], taken(("a", 113.0), ("b", 116.0)), []).stall == 4.0


def test_recovery_counts_from_when_it_was_back_and_only_what_had_waited() -> None:
    acknowledged = [
        Acknowledged(id="early", at=1.0, due=1.0),
        Acknowledged(id="waited", at=5.0, due=5.0),
        Acknowledged(id="later", at=14.0, due=14.0),
    ]
    taken = [Taken(id="early", at=1.5), Taken(id="waited", at=16.0), Taken(id="later", at=14.5)]
    found = recovery([10.0], acknowledged, taken)
    assert (found.first, found.last) == (4.5, 6.0)


def test_a_time_in_which_it_went_down_again_does_not_count() -> None:
    acknowledged = [Acknowledged(id="waited", at=5.0, due=5.0)]
    found = recovery([10.0, 20.0], acknowledged, [Taken(id="waited", at=23.0)])
    assert (found.first, found.last) == (3.0, 3.0)


def test_nothing_waits_where_nothing_was_down() -> None:
    found = recovery([], [Acknowledged(id="a", at=1.0, due=1.0)], [Taken(id="a", at=9.0)])
    assert (found.first, found.last) == (0.0, 0.0)


def test_the_gap_is_the_time_until_what_a_dead_worker_held_was_taken_up() -> None:
    acknowledged = [Acknowledged(id="a", at=1.0, due=1.0), Acknowledged(id="b", at=1.0, due=1.0)]
    taken = [Taken(id="a", at=2.0), Taken(id="a", at=9.5), Taken(id="b", at=3.0)]
    assert judge(acknowledged, taken, [Window(begins=0.0, ends=4.0)]).gap == 7.5
