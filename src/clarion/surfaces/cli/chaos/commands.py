"""`clarion chaos …`: what may be broken, and how much."""

import secrets
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from clarion.surfaces.cli.chaos.plan import ALL, FULL, QUICK, Plan
from clarion.surfaces.cli.exits import Exit, leave

INTERRUPTED = 130
LARGEST_SEED = 2**32

chaos = typer.Typer(
    name="chaos",
    help="Break a throwaway system on purpose and count what was lost or doubled; loopback only, stopped afterwards.",
    no_args_is_help=True,
)

Json = Annotated[Path | None, typer.Option("--json", help="Where the results go; default: bench-results/chaos-….json")]
Seed = Annotated[
    int | None, typer.Option(min=0, max=LARGEST_SEED, help="Of the times and victims; default: a new one.")
]
Number = Annotated[int, typer.Option("--n", min=20, max=100_000, help="Notifications sent by each experiment.")]
Workers = Annotated[int, typer.Option(min=1, max=16, help="Worker processes.")]
Kills = Annotated[int, typer.Option(min=1, max=50, help="Random kills of workers.")]


@chaos.command(name="all")
def everything(
    quick: Annotated[bool, typer.Option("--quick", help="Less of each: under two minutes.")] = False,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Every experiment, one after the other, on one system."""
    _run(ALL, QUICK if quick else FULL, seed, json)


@chaos.command()
def kill(
    n: Number = FULL.number,
    kills: Kills = FULL.kills,
    workers: Workers = FULL.workers,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """SIGKILL worker processes at random moments while messages are sent."""
    _run(("kill",), replace(FULL, number=n, kills=kills, workers=workers), seed, json)


@chaos.command()
def restart(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """SIGTERM the workers one after the other, as a deployment does: nothing may be doubled."""
    _run(("restart",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def flush(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """FLUSHALL while messages are sent: everything in Redis is gone."""
    _run(("flush",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def redis(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """Keep Redis down for some seconds: the API goes on accepting."""
    _run(("redis",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def postgres(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """SIGKILL PostgreSQL: what was acknowledged is there when it is back."""
    _run(("postgres",), replace(FULL, number=n, workers=workers), seed, json)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(names: Sequence[str], plan: Plan, seed: int | None, json: Path | None) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from clarion.embedded.errors import EmbeddedError
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.bench.measured import BenchFailed
    from clarion.surfaces.cli.bench.report import RESULTS, Bar, show, write_json
    from clarion.surfaces.cli.chaos.experiments import run_chaos
    from clarion.surfaces.cli.demo_system import DemoFailed

    console = Console()
    plan = replace(plan, seed=secrets.randbelow(LARGEST_SEED) if seed is None else seed)
    console.print(f"Seed {plan.seed}: --seed {plan.seed} draws the same moments and victims again.", highlight=False)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            run = run_chaos(names, plan, Bar(progress))
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
