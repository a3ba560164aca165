"""`clarion chaos simulate`: as many schedules as are asked for, and the trace of the first that breaks a law."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.surfaces.cli.chaos.plan import LARGEST_SEED, drawn
from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.surfaces.cli.chaos.simulation.run import Simulated


def simulate(
    seeds: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many schedules.")] = 20_000,
    seed: Annotated[
        int | None, typer.Option(min=0, max=LARGEST_SEED, help="The first; default: a new one, which is printed.")
    ] = None,
    planted: Annotated[str, typer.Option(help="A fault to plant in the engine, to see it found.")] = "",
    trace: Annotated[bool, typer.Option("--trace", help="Tell what happened in the first schedule.")] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Where the result goes, as JSON; default: nowhere.")
    ] = None,
) -> None:
    """Play the delivery engine in virtual time through orders of events drawn from seeds: workers die, sleep and
    overtake each other, providers fail, people cancel. Needs no server; some 30,000 schedules a minute."""
    from rich.console import Console
    from rich.progress import track

    set_up_django()
    from clarion.surfaces.cli.chaos.simulation.planted import Planted
    from clarion.surfaces.cli.chaos.simulation.run import Tally, play

    if planted and planted not in set(Planted):
        leave(Exit.USAGE, f"There is no fault {planted}. There are: {', '.join(Planted)}.")
    first = drawn(seed)
    fault = Planted(planted) if planted else None
    console = Console()
    console.print(f"From seed {first}: --seed {first} plays the same again.", highlight=False)
    tally = Tally(first=first)
    for number in track(range(first, first + seeds), "schedules", console=console, transient=True):
        broken = tally.add(play(number, fault))
        if broken or trace:
            break
    _tell(tally.done(), trace=trace, json=json)


def set_up_django() -> None:
    """The engine's rules live beside tables; no database is asked."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clarion.config.settings")
    import django

    django.setup()


def _tell(done: "Simulated", *, trace: bool, json: Path | None) -> None:
    import msgspec

    result = done.last
    if result is not None and (trace or result.breaches):
        typer.echo("\n".join([f"seed {result.seed}", *result.trace]))
    typer.echo(
        f"{done.seeds} schedules, {done.steps} steps, {done.taken} messages taken, {done.doubled} of them doubles that"
        f" nobody could know of; {done.seconds:.1f} s, {done.a_minute:.0f} schedules a minute"
    )
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(done), indent=2) + b"\n")
    if result is not None and result.breaches:
        for breach in result.breaches:
            typer.secho(f"{breach} (--seed {result.seed} --seeds 1)", err=True, fg=typer.colors.RED)
        raise typer.Exit(int(Exit.FAILED))
