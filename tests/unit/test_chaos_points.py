"""The parts of `clarion chaos points` and `simulate` that need no system."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from clarion.records.crashing import Mode, Plan, Point, parse_plan
from clarion.surfaces.cli.chaos.point_cases import CASES, Case
from clarion.surfaces.cli.chaos.point_ground import as_text
from clarion.surfaces.cli.chaos.point_loads import by_number
from clarion.surfaces.cli.chaos.points import Wanted
from clarion.surfaces.cli.chaos.verdict import Taken, judge
from clarion.surfaces.cli.main import app


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.point} {case.load}")
def test_a_plan_reaches_the_processes_as_it_was_made(case: Case) -> None:
    plan = Plan(point=case.point, hit=case.most, mode=Mode.STOP, note="/tmp/a-note")
    assert parse_plan(as_text(plan)) == plan


def test_all_points_are_wanted_unless_some_are_named() -> None:
    assert len(Wanted().cases()) == sum(len(case.modes) for case in CASES)
    chosen = Wanted(points=(Point.BULK_CHUNK_STORED,), modes=(Mode.RAISE,)).cases()
    assert [(case.point, mode) for case, mode in chosen] == [(Point.BULK_CHUNK_STORED, Mode.RAISE)] * 2


def test_what_is_promised_by_number_is_lost_doubled_and_too_much_by_number() -> None:
    taken = [Taken(id=name, at=5.0) for name in ("a", "b", "b")]
    fewer = judge(by_number(3, taken), taken, [])
    assert (fewer.lost, fewer.doubled, fewer.outside, fewer.phantoms) == (1, 1, 1, 0)
    more = judge(by_number(1, taken), taken, [])
    assert (more.lost, more.phantoms) == (0, 1)


def test_simulating_tells_how_much_and_keeps_the_result(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    result = CliRunner().invoke(app, ["chaos", "simulate", "--seeds", "30", "--seed", "1", "--json", str(file)])
    assert result.exit_code == 0, result.output
    assert "30 schedules, " in result.output
    assert msgspec.json.decode(file.read_bytes())["seeds"] == 30


def test_a_broken_law_ends_in_its_trace_and_how_to_see_it_again() -> None:
    found = CliRunner().invoke(app, ["chaos", "simulate", "--planted", "gone_at_claim", "--seed", "0"])
    assert found.exit_code == 1
    assert "worker_claimed" in found.output
    assert "I1 what was accepted ends" in found.output
    assert "--seeds 1)" in found.output


def test_a_fault_that_there_is_not_is_refused() -> None:
    result = CliRunner().invoke(app, ["chaos", "simulate", "--planted", "gremlins"])
    assert result.exit_code == 2
    assert "There is no fault gremlins" in result.output
