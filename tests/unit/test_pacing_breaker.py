"""The breaker's states: when it opens, how long it rests, and that half-open lets exactly one probe through."""

from hypothesis import given
from hypothesis import strategies as st

from clarion.records.pacing.breaker import DEFAULT, WELL, Admission, News, Phase, State, admit, failures, report

GOOD, BAD = News(good=1), News(bad=1)


def after(*news: News, start: float = 1_000.0, step: float = 0.1) -> State:
    state = WELL
    for place, each in enumerate(news):
        state = report(state, each, start + place * step)
    return state


def test_it_opens_at_the_fifth_failure_in_a_row_and_not_before() -> None:
    assert after(*[BAD] * 4).phase is Phase.CLOSED
    opened = after(*[BAD] * 5)
    assert opened.phase is Phase.OPEN
    assert opened.until == 1_000.4 + DEFAULT.cool_down


def test_a_success_in_between_begins_the_row_anew() -> None:
    assert after(*[BAD] * 4, GOOD, *[BAD] * 4).phase is Phase.CLOSED


def test_it_opens_when_more_than_half_of_twenty_calls_failed() -> None:
    turns = [GOOD, BAD, BAD] * 7
    assert after(*turns[:19]).phase is Phase.CLOSED
    assert after(*turns[:20]).phase is Phase.OPEN
    assert after(*[GOOD, BAD] * 30).phase is Phase.CLOSED


def test_failures_of_long_ago_do_not_count() -> None:
    turns = [GOOD, BAD, BAD] * 6
    late = after(*turns)
    assert failures(late) == 12
    assert failures(report(late, GOOD, 1_100.0)) == 0


def test_an_account_that_asks_for_a_rest_gets_it_at_once_and_within_reason() -> None:
    asked = report(WELL, News(bad=1, rest=90.0), 1_000.0)
    assert (asked.phase, asked.until) == (Phase.OPEN, 1_090.0)
    assert report(WELL, News(bad=1, rest=1e9), 1_000.0).until == 1_000.0 + 3_600.0


def test_while_open_nothing_passes_until_the_cool_down_ends() -> None:
    opened = after(*[BAD] * 5)
    assert admit(opened, opened.until - 0.001) == (opened, Admission.REFUSE)
    probing, admission = admit(opened, opened.until)
    assert (probing.phase, admission) == (Phase.HALF_OPEN, Admission.PROBE)


def test_the_rest_doubles_with_each_failed_probe_up_to_its_longest_and_is_forgiven_later() -> None:
    state, rests = after(*[BAD] * 5), []
    for _ in range(8):
        state, _ = admit(state, state.until)
        now = state.until
        state = report(state, News(bad=1, probe=state.serial), now)
        rests.append(state.until - now)
    assert rests == [20, 40, 80, 160, 300, 300, 300, 300]
    state, _ = admit(state, state.until)
    closed = report(state, News(good=1, probe=state.serial), 10_000.0)
    assert (closed.phase, closed.streak, closed.openings) == (Phase.CLOSED, 0, 9)
    assert report(closed, GOOD, 10_000.0 + DEFAULT.forgive + 1).openings == 0


def test_a_flapping_account_rests_longer_each_time() -> None:
    state, now, rests = WELL, 1_000.0, []
    for _ in range(4):
        for _ in range(5):
            state = report(state, BAD, now)
        rests.append(state.until - now)
        now = state.until
        state, _ = admit(state, now)
        state = report(state, News(good=1, probe=state.serial), now)
    assert rests == [10, 20, 40, 80]


def test_only_the_probe_that_is_out_speaks_while_half_open() -> None:
    opened = after(*[BAD] * 5)
    probing, _ = admit(opened, opened.until)
    for stale in (GOOD, BAD, News(good=1, probe=probing.serial - 1)):
        assert report(probing, stale, opened.until) == probing
    assert report(probing, News(good=1, probe=probing.serial), opened.until).phase is Phase.CLOSED


def test_a_probe_that_is_never_heard_of_again_is_replaced() -> None:
    opened = after(*[BAD] * 5)
    probing, _ = admit(opened, opened.until)
    assert admit(probing, probing.until - 1)[1] is Admission.REFUSE
    second, admission = admit(probing, probing.until)
    assert (admission, second.serial) == (Admission.PROBE, probing.serial + 1)
    assert report(second, News(good=1, probe=probing.serial), probing.until) == second


steps = st.one_of(
    st.tuples(st.just("admit"), st.floats(0, 200)),
    st.tuples(st.sampled_from(["good", "bad", "stale"]), st.floats(0, 30)),
)


@given(st.lists(steps, max_size=120))
def test_half_open_lets_exactly_one_probe_through_whatever_happens(happened: list[tuple[str, float]]) -> None:
    """At any moment at most one probe is out whose lease has not ended, and nothing else passes meanwhile."""
    state, now, out_until = WELL, 0.0, 0.0
    for what, pause in happened:
        now += pause
        if what == "admit":
            state, admission = admit(state, now)
            if admission is Admission.PROBE:
                assert now >= out_until
                out_until = state.until
            elif admission is Admission.PASS:
                assert state.phase is Phase.CLOSED
        elif what == "stale":
            state = report(state, News(bad=1), now)
        else:
            probe = state.serial if state.phase is Phase.HALF_OPEN else None
            state = report(state, News(good=int(what == "good"), bad=int(what == "bad"), probe=probe), now)
            if probe is not None:
                assert state.phase is not Phase.HALF_OPEN
                out_until = 0.0
        assert state.until <= now + max(DEFAULT.longest, DEFAULT.probe_lease)
