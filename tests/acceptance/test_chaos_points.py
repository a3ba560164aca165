"""`clarion chaos points` on a real system: a few messages, a crash of the API and one of a worker in the ambiguous
moment."""

from dataclasses import replace

import pytest
from typer.testing import CliRunner

from clarion.records.crashing import Mode, Point
from clarion.surfaces.cli.bench.experiments import Run
from clarion.surfaces.cli.bench.measured import Advance, unheard
from clarion.surfaces.cli.chaos.points import PointOutcome, Wanted, run_points
from clarion.surfaces.cli.main import app

WANTED = Wanted(points=(Point.API_COMMITTED, Point.WORKER_UNSETTLED), modes=(Mode.KILL,), number=20, workers=2, seed=2)


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


@pytest.fixture(scope="module")
def run() -> Run:
    return run_points(WANTED, Silent())


def outcome(run: Run, point: Point) -> PointOutcome:
    found = (row for finding in run.findings for row in finding.rows if isinstance(row, PointOutcome))
    return next(row for row in found if row.point is point)


def test_no_death_breaks_a_promise(run: Run) -> None:
    assert run.flaws == []
    assert [len(finding.rows) for finding in run.findings] == [2]


def test_an_api_that_dies_before_it_answers_is_asked_again_and_says_the_same(run: Run) -> None:
    died = outcome(run, Point.API_COMMITTED)
    assert died.reached
    assert died.refused > 0
    assert (died.acknowledged, died.taken, died.doubled, died.bound) == (20, 20, 0, 0)


def test_a_worker_that_dies_with_answers_in_hand_loses_nothing(run: Run) -> None:
    died = outcome(run, Point.WORKER_UNSETTLED)
    assert died.reached
    assert (died.acknowledged, died.lost, died.outside) == (20, 0, 0)
    assert died.doubled <= died.bound
    assert died.doubled > 0, "what had been taken and not written is sent again"


def test_a_broken_promise_is_a_flaw_that_names_the_seed(run: Run) -> None:
    broken = replace(outcome(run, Point.API_COMMITTED), lost=1, reached=False)
    assert broken.flaw == "api_committed kill: 1 lost, 1 time not reached (seed 2)"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--point", "nowhere"], "There is no crash point nowhere"), (["--mode", "burn"], "There is no mode burn")],
)
def test_what_there_is_not_is_refused(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["chaos", "points", *arguments])
    assert result.exit_code == 2
    assert said in result.output
