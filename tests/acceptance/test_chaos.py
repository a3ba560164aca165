"""`clarion chaos` on a real system: every experiment with few messages, those that wait long apart (`pause`)."""

from dataclasses import replace
from typing import TypeVar

import msgspec
import pytest
from typer.testing import CliRunner

from clarion.surfaces.cli.bench.experiments import Run
from clarion.surfaces.cli.bench.measured import Advance, unheard
from clarion.surfaces.cli.chaos.callers import Called
from clarion.surfaces.cli.chaos.course import Outcome
from clarion.surfaces.cli.chaos.experiments import EXPERIMENTS, run_chaos
from clarion.surfaces.cli.chaos.plan import ALL, Plan
from clarion.surfaces.cli.chaos.resets import Reset
from clarion.surfaces.cli.chaos.troubles import Troubled
from clarion.surfaces.cli.main import app

T = TypeVar("T")
SMALL = Plan(number=100, workers=2, kills=1, burst=0.5, callers=10, keys=20, seed=11)
HERE = tuple(name for name in ALL if name != "pause")


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


@pytest.fixture(scope="module")
def run() -> Run:
    return run_chaos(HERE, SMALL, Silent())


def rows(run: Run, kind: type[T]) -> list[T]:
    return [row for finding in run.findings for row in finding.rows if isinstance(row, kind)]


def outcome(run: Run, fault: str) -> Outcome:
    return next(row for row in rows(run, Outcome) if row.fault == fault)


def test_no_experiment_breaks_a_promise(run: Run) -> None:
    assert run.flaws == []
    assert [row.fault for row in rows(run, Outcome)] == [
        "flush",
        "redis",
        "restart",
        "postgres",
        "kill",
        "cuts",
        "wires",
    ]


@pytest.mark.parametrize("fault", ["flush", "redis", "restart", "postgres", "kill", "cuts", "wires"])
def test_what_was_acknowledged_arrives_whatever_breaks(run: Run, fault: str) -> None:
    row = outcome(run, fault)
    assert (row.lost, row.phantoms, row.outside, row.undrained, row.given_up) == (0, 0, 0, 0, 0)
    assert row.hits >= 1
    assert row.acknowledged >= 100


@pytest.mark.parametrize("fault", ["flush", "redis", "restart"])
def test_what_leaves_nothing_in_doubt_doubles_nothing(run: Run, fault: str) -> None:
    row = outcome(run, fault)
    assert (row.taken, row.doubled, row.bound, row.stuck) == (row.acknowledged, 0, 0, 0)


@pytest.mark.parametrize(("fault", "seconds"), [("redis", 8), ("restart", 8), ("kill", 20), ("postgres", 20)])
def test_nobody_waits_for_a_lease_to_run_out(run: Run, fault: str, seconds: float) -> None:
    # generous, for a busy machine; a lease is 30 seconds
    assert outcome(run, fault).stall_seconds < seconds


def test_the_api_goes_on_accepting_while_redis_is_away(run: Run) -> None:
    assert (outcome(run, "redis").refused, outcome(run, "redis").given_up) == (0, 0)


def test_providers_in_trouble_are_not_asked_before_it_is_time(run: Run) -> None:
    email, webhook = rows(run, Troubled)
    assert (email.provider, webhook.provider) == ("email", "webhook")
    assert email.messages == webhook.messages >= 50
    assert (email.early, webhook.early, email.lost, webhook.lost) == (0, 0, 0, 0)


def test_what_was_taken_and_not_said_is_held_or_sent_once_more(run: Run) -> None:
    held, resent = rows(run, Reset)
    assert (held.policy, held.accepted, held.resets, held.held, held.doubled, held.most) == (
        "hold",
        100,
        100,
        100,
        0,
        1,
    )
    assert (resent.policy, resent.accepted, resent.held, resent.lost, resent.most) == ("resend", 100, 0, 0, 2)


def test_many_callers_with_the_same_keys_make_one_notification_each(run: Run) -> None:
    called = rows(run, Called)[0]
    assert (called.calls, called.made, called.taken, called.doubled, called.disagreeing) == (200, 20, 20, 0, 0)
    assert called.replayed == 180


def test_the_results_are_plain_data(run: Run) -> None:
    decoded = msgspec.json.decode(msgspec.json.encode(rows(run, Outcome)))
    assert {row["seed"] for row in decoded} == {11}


def test_every_experiment_of_the_list_is_run_by_all() -> None:
    assert tuple(chaos.name for chaos in EXPERIMENTS) == ALL


def test_a_broken_promise_is_a_flaw_that_names_the_seed(run: Run) -> None:
    broken = replace(outcome(run, "flush"), lost=2, outside=1)
    assert broken.flaw == "2 lost, 1 doubled without a cause (seed 11)"


@pytest.mark.parametrize(
    ("changed", "flaw"),
    [
        ({"early": 3}, "webhook: 3 asked too early (seed 11)"),
        ({"asked": 81, "amplified": 1.62}, "webhook: asked 1.62 times as often as there was to say (seed 11)"),
        ({"refused": 0}, "webhook: the troubles met nobody (seed 11)"),
    ],
)
def test_a_provider_that_is_pestered_is_a_flaw(run: Run, changed: dict[str, float], flaw: str) -> None:
    sound = replace(rows(run, Troubled)[1], asked=55, amplified=1.1, refused=5)
    assert sound.flaw == ""
    assert replace(sound, **changed).flaw == flaw


def test_a_held_mail_that_was_sent_again_is_a_flaw(run: Run) -> None:
    held, resent = rows(run, Reset)
    assert replace(held, doubled=1, held=99).flaw == "hold: 1 doubled and 99 held of 100"
    assert replace(resent, most=3).flaw == "resend: up to 3 copies, 0 held"


def test_two_notifications_for_one_key_are_a_flaw(run: Run) -> None:
    called = rows(run, Called)[0]
    assert replace(called, made=21, taken=21).flaw == "20 keys made 21 notifications, 21 taken, 0 doubled"


def test_a_number_of_kills_that_makes_no_sense_is_refused() -> None:
    result = CliRunner().invoke(app, ["chaos", "kill", "--kills", "0"])
    assert result.exit_code == 2
