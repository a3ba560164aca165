"""`clarion chaos` on a real system: a few messages, and the fault that is over soonest."""

from dataclasses import replace

import msgspec
import pytest
from typer.testing import CliRunner

from clarion.surfaces.cli.bench.experiments import Run
from clarion.surfaces.cli.bench.measured import Advance, unheard
from clarion.surfaces.cli.chaos.experiments import EXPERIMENTS, Outcome, run_chaos
from clarion.surfaces.cli.chaos.plan import ALL, Plan
from clarion.surfaces.cli.main import app

SMALL = Plan(number=60, workers=1, kills=1, seed=11)


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


@pytest.fixture(scope="module")
def run() -> Run:
    return run_chaos(("flush",), SMALL, Silent())


def outcomes(run: Run) -> list[Outcome]:
    return [row for finding in run.findings for row in finding.rows if isinstance(row, Outcome)]


def test_redis_forgetting_everything_loses_and_doubles_nothing(run: Run) -> None:
    assert run.flaws == []
    flush = outcomes(run)[0]
    assert (flush.fault, flush.hits, flush.acknowledged, flush.taken) == ("flush", 1, 60, 60)
    assert (flush.lost, flush.doubled, flush.bound, flush.outside) == (0, 0, 0, 0)


def test_the_results_are_plain_data(run: Run) -> None:
    decoded = msgspec.json.decode(msgspec.json.encode(outcomes(run)))
    assert [row["seed"] for row in decoded] == [11]


def test_every_experiment_of_the_list_is_run_by_all() -> None:
    assert tuple(chaos.name for chaos in EXPERIMENTS) == ALL


def test_a_broken_promise_is_a_flaw_that_names_the_seed(run: Run) -> None:
    broken = replace(outcomes(run)[0], lost=2, outside=1)
    assert broken.flaw == "2 lost, 1 doubled without a cause (seed 11)"


def test_a_number_of_kills_that_makes_no_sense_is_refused() -> None:
    result = CliRunner().invoke(app, ["chaos", "kill", "--kills", "0"])
    assert result.exit_code == 2
