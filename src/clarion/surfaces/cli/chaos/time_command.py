"""`clarion chaos time`: quiet hours and digests, the clocks of every zone, and schedulers that die."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.surfaces.cli.chaos.plan import LARGEST_SEED, drawn
from clarion.surfaces.cli.measuring import run_and_keep

if TYPE_CHECKING:
    from clarion.surfaces.cli.bench.experiments import Run
    from clarion.surfaces.cli.bench.measured import Meter


def time(
    zones: Annotated[
        list[str] | None, typer.Option("--zone", help="Only this zone; may be repeated. Default: every zone.")
    ] = None,
    people: Annotated[int, typer.Option(min=1, max=5_000, help="People whose digests close at one moment.")] = 300,
    mails: Annotated[int, typer.Option(min=1, max=50, help="Mails collected for each of them.")] = 4,
    schedulers: Annotated[int, typer.Option(min=2, max=8, help="Processes that close windows at the same time.")] = 3,
    kills: Annotated[int, typer.Option(min=0, max=50, help="How many of these die meanwhile.")] = 8,
    held: Annotated[int, typer.Option(min=10, max=1_000_000, help="Messages that quiet hours hold.")] = 100_000,
    only: Annotated[str, typer.Option(help="zones, schedulers or herd; default: all three.")] = "",
    seed: Annotated[int | None, typer.Option(min=0, max=LARGEST_SEED, help="Default: a new one, printed.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Where the results go.")] = None,
) -> None:
    """Play messages around every change of clocks of every zone from 2024 to 2030, and let schedulers die over digests:
    nothing is early, doubled or lost."""
    from clarion.surfaces.cli.chaos.simulate_command import set_up_django
    from clarion.surfaces.cli.exits import Exit, leave

    if only not in ("", "zones", "schedulers", "herd"):
        leave(Exit.USAGE, "--only is zones, schedulers or herd.")
    number = drawn(seed)
    set_up_django()

    def act(meter: "Meter") -> "Run":
        from clarion.surfaces.cli.chaos.time_run import Wanted, run_time

        wanted = Wanted(
            zones=zones,
            people=people,
            mails=mails,
            schedulers=schedulers,
            kills=kills,
            held=held,
            only=only,
            seed=number,
        )
        return run_time(wanted, meter)

    run_and_keep(act, json, "chaos", first=f"Seed {number}: --seed {number} draws the same deaths again.")
