"""What `clarion bench` and `clarion chaos` do alike: show how a run goes on, give way to Ctrl-C and TERM, keep and show
what was found. Nothing heavy is imported before a run begins, for `clarion --help` is to answer at once.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import typer

from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.surfaces.cli.bench.experiments import Run
    from clarion.surfaces.cli.bench.measured import Meter

INTERRUPTED = 130
RESULTS = Path("bench-results")


def run_and_keep(
    act: "Callable[[Meter], Run]", json: Path | None, kind: str, *, first: str = "", counted: bool = True
) -> None:
    """Carry a run out, show it and write it to `json`, or to bench-results/<kind>-….json; a flaw in it ends the command
    with 1. `first` is said before all; `counted`: its stages tell how much of them is done."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from clarion.surfaces.cli.bench.report import Bar, show

    console = Console()
    if first:
        console.print(first, highlight=False)
    counts = (MofNCompleteColumn(),) if counted else ()
    columns = (TextColumn("{task.description}"), BarColumn(), *counts, TimeElapsedColumn())
    with stopping_plainly(), Progress(*columns, console=console, transient=True) as progress:
        run = act(Bar(progress))
    show(run, console)
    path = _written(run, json or RESULTS / f"{kind}-{run.environment.measured_at:%Y%m%dT%H%M%SZ}.json")
    console.print(f"Results: {path}", highlight=False, soft_wrap=True)
    if run.flaws:
        raise typer.Exit(int(Exit.FAILED))


def _written(run: "Run", path: Path) -> Path:
    from clarion.surfaces.cli.bench.report import write_json

    try:
        write_json(run, path)
    except OSError as error:
        leave(Exit.FAILED, f"The results could not be written to {path} ({error.strerror}). Give another --json.")
    return path


@contextmanager
def stopping_plainly() -> Iterator[None]:
    """Ctrl-C, TERM and HUP stop what runs within; this and what a throwaway system may fail by end the command with a
    sentence."""
    from clarion.embedded.errors import EmbeddedError
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.bench.measured import BenchFailed
    from clarion.surfaces.cli.demo_system import DemoFailed

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("Interrupted; everything is stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (BenchFailed, DemoFailed, ApiError, EmbeddedError) as error:
        leave(Exit.FAILED, str(error))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
