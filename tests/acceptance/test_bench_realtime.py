"""The WebSocket experiment on a small scale, against a real system and the sketched design."""

import pytest

from clarion.surfaces.cli.bench.experiments import Run, run_experiments
from clarion.surfaces.cli.bench.measured import Advance, Extent, unheard
from clarion.surfaces.cli.bench.realtime import Live

SMALL = Extent(singles=10, seconds=0.3, backlog=100, sockets=(50, 60))


class Silent:
    """Shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


@pytest.fixture(scope="module")
def run() -> Run:
    return run_experiments(("realtime",), SMALL, Silent())


def test_every_socket_is_told_everything_once_live_and_after_a_storm(run: Run) -> None:
    assert run.flaws == []
    rows = [row for row in run.findings[0].rows if isinstance(row, Live) and row.design == "clarion"]
    assert [(row.what, row.sockets, row.lost) for row in rows] == [
        ("connect", 50, None),
        ("send to frame, 200/s", 50, 0),
        ("connect", 60, None),
        ("one to a room", 60, 0),
        ("reconnect storm, caught up", 60, 0),
    ]


def test_the_sketched_design_is_measured_in_the_same_run(run: Run) -> None:
    rows = [row for row in run.findings[0].rows if isinstance(row, Live) and row.design == "sketch"]
    assert [(row.what, row.sockets) for row in rows] == [
        ("connect", 50),
        ("group_send to frame, 200/s", 50),
        ("one to all, last frame", 50),
    ]
    assert all(row.p50_ms for row in rows[1:])
