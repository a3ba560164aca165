"""`clarion bench compare` and its longer companions on a real system: small extents, to be right and not fast."""

import ast
from pathlib import Path

import pytest

from clarion.surfaces.cli.bench.backlog import ClaimTime
from clarion.surfaces.cli.bench.compare import Compared
from clarion.surfaces.cli.bench.experiments import Run, run_experiments
from clarion.surfaces.cli.bench.ingest import Ingest
from clarion.surfaces.cli.bench.measured import Advance, Extent, unheard
from clarion.surfaces.cli.bench.upload import Uploaded

ROOT = Path(__file__).resolve().parents[2]
SMALL = Extent(
    singles=10, seconds=0.3, backlog=100, many=40, rounds=1, lists=(200, 400), backlogs=(1_000, 2_000), files=(300,)
)

WORK = [
    "in_app, single",
    "in_app, many",
    "email, many",
    "webhook, many",
    "email, many, batch API",
    "email, backlog, django-post_office",
]


class Silent:
    """A Meter that shows nothing."""

    def stage(self, text: str, total: int | None = None) -> Advance:
        return unheard


@pytest.fixture(scope="module")
def run() -> Run:
    return run_experiments(("compare", "ingest", "upload", "backlog"), SMALL, Silent())


def rows_of(run: Run, name: str) -> tuple[object, ...]:
    return next(finding.rows for finding in run.findings if finding.experiment.name == name)


def test_both_designs_do_the_same_work_without_losing_or_doubling(run: Run) -> None:
    rows = [row for row in rows_of(run, "compare") if isinstance(row, Compared)]
    assert run.flaws == []
    assert [row.work for row in rows] == WORK
    assert [row.number for row in rows[1:]] == [40, 40, 40, 40, 40]
    assert all(row.other_per_second > 0 and row.clarion_per_second > 0 and len(row.by_turn) == 1 for row in rows)


def test_a_bulk_list_is_taken_in_whole(run: Run) -> None:
    rows = [row for row in rows_of(run, "ingest") if isinstance(row, Ingest)]
    assert [row.recipients for row in rows] == [200, 400]
    assert all(row.peak_mib >= row.before_mib > 0 for row in rows)


def test_a_file_is_kept_whole(run: Run) -> None:
    rows = [row for row in rows_of(run, "upload") if isinstance(row, Uploaded)]
    assert [row.lines for row in rows] == [300]
    assert all(row.peak_mib >= row.before_mib > 0 for row in rows)


def test_claims_are_timed_behind_each_backlog(run: Run) -> None:
    rows = [row for row in rows_of(run, "backlog") if isinstance(row, ClaimTime)]
    assert [(row.backlog, row.claims) for row in rows] == [(1_000, 20), (2_000, 20)]
    assert rows[0].ratio == 1.0


def test_nothing_of_ours_imports_the_textbook_design() -> None:
    found = []
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            found += [(path.name, name) for name in names if name.partition(".")[0] in ("textbook", "benchmarks")]
    assert found == []
