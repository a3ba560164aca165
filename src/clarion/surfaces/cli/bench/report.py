"""A run as a JSON file and as tables for a person."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from clarion.surfaces.cli.bench.experiments import Run
from clarion.surfaces.cli.bench.measured import Advance

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

FORMAT = 1
RESULTS = Path("bench-results")


def default_path(run: Run) -> Path:
    """Where a run is kept that was given no place."""
    return RESULTS / f"bench-{run.environment.measured_at:%Y%m%dT%H%M%SZ}.json"


def write_json(run: Run, path: Path) -> None:
    """Write the file, its directory too. Raises OSError."""
    document = {
        "format": FORMAT,
        "environment": run.environment,
        "extent": run.extent,
        "results": {finding.experiment.name: finding.rows for finding in run.findings},
        "flaws": run.flaws,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


def show(run: Run, console: "Console") -> None:
    """The environment, a table for each experiment, and the flaws."""
    from rich import box
    from rich.table import Table

    for line in run.environment.lines():
        console.print(line, style="dim", highlight=False)
    for finding in run.findings:
        table = Table(title=finding.experiment.title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
        for number, column in enumerate(finding.experiment.row.COLUMNS):
            table.add_column(f"{column}  ", justify="right" if number else "left", no_wrap=True)
        for row in finding.rows:
            table.add_row(*(f"{cell}  " for cell in row.cells()), style="bold red" if row.flaw else None)
        console.print(table)
    for flaw in run.flaws:
        console.print(f"Not sound: {flaw}", style="bold red", highlight=False)


@dataclass(slots=True)
class Bar:
    """Stages as one progress bar at a time."""

    progress: "Progress"
    _task: "TaskID | None" = None

    def stage(self, text: str, total: int | None = None) -> Advance:
        """See Meter."""
        if self._task is not None:
            self.progress.remove_task(self._task)
        task = self._task = self.progress.add_task(text, total=total)
        return lambda done: self.progress.update(task, completed=done)
