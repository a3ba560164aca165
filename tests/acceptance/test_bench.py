"""`clarion bench` on a real system: small extents, for the experiments are to be right, not fast."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from clarion.contract.channel import ChannelKey
from clarion.surfaces.cli.bench.commands import ALL
from clarion.surfaces.cli.bench.deliver import Drained
from clarion.surfaces.cli.bench.experiments import EXPERIMENTS, Run, run_experiments
from clarion.surfaces.cli.bench.latency import Latency
from clarion.surfaces.cli.bench.measured import Advance, BenchFailed, Extent, percentile, rate, unheard
from clarion.surfaces.cli.bench.report import default_path, write_json
from clarion.surfaces.cli.bench.send import SendRate
from clarion.surfaces.cli.bench.side_process import SideProcess

SMALL = Extent(singles=10, seconds=0.5, backlog=600)
SOUND = Drained(
    channel=ChannelKey.EMAIL,
    number=10,
    per_second=1,
    arrived_per_second=1,
    seconds=1,
    settled=10,
    taken=10,
    distinct=10,
    bytes_each=1,
    seeded_per_second=1,
)


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


@pytest.fixture(scope="module")
def run() -> Run:
    return run_experiments(("latency", "send", "deliver"), SMALL, Silent())


def rows_of(run: Run, name: str) -> tuple[object, ...]:
    return next(finding.rows for finding in run.findings if finding.experiment.name == name)


def test_nothing_is_lost_or_doubled(run: Run) -> None:
    assert run.flaws == []


def test_a_backlog_reaches_the_sinks_exactly_once_on_every_channel(run: Run) -> None:
    rows = [row for row in rows_of(run, "deliver") if isinstance(row, Drained)]
    counted = [(row.channel, row.settled, row.taken, row.distinct) for row in rows]
    assert counted == [("in_app", 600, None, None), ("email", 600, 600, 600), ("webhook", 600, 600, 600)]
    assert all(row.per_second > 0 for row in rows)
    assert (rows[1].bytes_each or 0) > 3000


def test_latency_is_measured_up_to_the_sinks_own_receipt(run: Run) -> None:
    rows = [row for row in rows_of(run, "latency") if isinstance(row, Latency)]
    assert [row.channel for row in rows] == ["in_app", "email", "webhook"]
    assert [row.arrived_p50 is None for row in rows] == [True, False, False]
    assert all(0 < row.settled_p50 <= row.settled_p99 for row in rows)


def test_every_accepted_send_is_delivered(run: Run) -> None:
    rows = [row for row in rows_of(run, "send") if isinstance(row, SendRate)]
    assert [row.connections for row in rows] == [8, 32]
    assert all(row.accepted > 0 and row.refused == 0 and row.delivered == row.accepted for row in rows)


def test_the_file_says_where_and_how_much_was_measured(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    write_json(run, path)
    document = msgspec.json.decode(path.read_bytes())
    assert sorted(document) == ["environment", "extent", "flaws", "format", "results"]
    assert document["environment"]["stores"]["fsync"] == "on"
    assert document["environment"]["stores"]["synchronous_commit"] == "on"
    asked = {"singles": 10, "seconds": 0.5, "backlog": 600, "workers": 1}
    assert {name: document["extent"][name] for name in asked} == asked
    assert sorted(document["results"]) == ["deliver", "latency", "send"]
    assert default_path(run).parent == Path("bench-results")


def test_after_ctrl_c_nothing_is_left_running(tmp_path: Path) -> None:
    argv = (sys.executable, "-P", "-m", "clarion.surfaces.cli.main", "bench", "latency", "--json", "r.json")
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(argv, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("clarion-demo-*/postgres*")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=40)
    assert process.returncode == 130, printed
    assert b"everything is stopped" in printed
    assert list(tmp_path.iterdir()) == []
    assert _processes_naming(tmp_path) == []


def _processes_naming(directory: Path) -> list[bytes]:
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes()
        except OSError:
            continue
        if str(directory).encode() in words:
            found.append(words)
    return found


def test_every_experiment_of_the_list_is_run_by_all() -> None:
    assert tuple(experiment.name for experiment in EXPERIMENTS) == ALL


def test_a_lost_or_doubled_message_makes_the_figure_worthless() -> None:
    assert SOUND.flaw == ""
    assert replace(SOUND, settled=9).flaw == "1 were not settled"
    assert replace(SOUND, taken=11).flaw == "the sink took 11 with 10 ids for 10"
    assert replace(SOUND, distinct=9).flaw == "the sink took 10 with 9 ids for 10"


def test_percentiles_go_by_nearest_rank() -> None:
    values = [float(number) for number in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile([], 0.5)) == (51.0, 100.0, 0.0)
    assert (rate(10, 4), rate(10, 0)) == (2.5, 0.0)


def test_a_side_process_that_dies_is_told_of_with_its_last_words() -> None:
    with (
        SideProcess("clarion.no_such_module", os.environ) as process,
        pytest.raises(BenchFailed, match=r"ended early(.|\n)*No module named clarion\.no_such_module"),
    ):
        process.hear_line(20)
