"""`clarion chaos points`: what may be asked for, and how it is shown."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from clarion.surfaces.cli.chaos.plan import LARGEST_SEED, drawn
from clarion.surfaces.cli.exits import Exit, leave
from clarion.surfaces.cli.measuring import run_and_keep

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
        seed=drawn(seed),
    )
    first = f"Seed {wanted.seed}: --seed {wanted.seed} draws the same hits again."
    run_and_keep(lambda meter: run_points(wanted, meter), json, "chaos", first=first, counted=False)


def _chosen(kinds: type[Kind], name: str, what: str) -> Kind:
    try:
        return kinds(name)
    except ValueError:
        leave(Exit.USAGE, f"There is no {what} {name}. There are: {', '.join(kinds)}.")
