"""`clarion chaos points`: what may be asked for, and how it is shown."""

import secrets
import signal
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.surfaces.cli.bench.experiments import Run
    from clarion.surfaces.cli.bench.measured import Meter

INTERRUPTED = 130
LARGEST_SEED = 2**32

Kind = TypeVar("Kind", bound=StrEnum)
Json = Annotated[Path | None, typer.Option("--json", help="Where the results go; default: bench-results/….json")]
Seed = Annotated[int | None, typer.Option(min=0, max=LARGEST_SEED, help="Default: a new one, which is printed.")]


def points(
    point: Annotated[list[str] | None, typer.Option("--point", help="Only this one; may be repeated.")] = None,
    mode: Annotated[
        list[str] | None, typer.Option("--mode", help="kill, stop, sleep, raise or reset; may be repeated.")
    ] = None,
    n: Annotated[int, typer.Option("--n", min=10, max=100, help="Notifications sent for each point.")] = 60,
    workers: Annotated[int, typer.Option(min=1, max=4, help="Worker processes.")] = 2,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Let a process die (or stop, and wake too late) at each crash point: nothing is lost, and only at the ambiguous
    points is anything doubled. About six minutes."""
    from clarion.records.crashing import Mode, Point
    from clarion.surfaces.cli.chaos.points import Wanted, run_points

    wanted = Wanted(
        points=[_chosen(Point, name, "crash point") for name in point or []],
        modes=[_chosen(Mode, name, "mode") for name in mode or []],
        number=n,
        workers=workers,
        seed=secrets.randbelow(LARGEST_SEED) if seed is None else seed,
    )
    _show(f"Seed {wanted.seed}: --seed {wanted.seed} draws the same hits again.", json, lambda m: run_points(wanted, m))


def _chosen(kinds: type[Kind], name: str, what: str) -> Kind:
    try:
        return kinds(name)
    except ValueError:
        leave(Exit.USAGE, f"There is no {what} {name}. There are: {', '.join(kinds)}.")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _show(first: str, json: Path | None, act: "Callable[[Meter], Run]") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from clarion.embedded.errors import EmbeddedError
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.bench.measured import BenchFailed
    from clarion.surfaces.cli.bench.report import RESULTS, Bar, show, write_json
    from clarion.surfaces.cli.demo_system import DemoFailed

    console = Console()
    console.print(first, highlight=False)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            run = act(Bar(progress))
    except KeyboardInterrupt:
        typer.echo("Interrupted; everything is stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (BenchFailed, DemoFailed, ApiError, EmbeddedError) as error:
        leave(Exit.FAILED, str(error))
    show(run, console)
    path = json or RESULTS / f"chaos-{run.environment.measured_at:%Y%m%dT%H%M%SZ}.json"
    try:
        write_json(run, path)
    except OSError as error:
        leave(Exit.FAILED, f"The results could not be written to {path} ({error.strerror}). Give another --json.")
    console.print(f"Results: {path}", highlight=False, soft_wrap=True)
    if run.flaws:
        raise typer.Exit(int(Exit.FAILED))
