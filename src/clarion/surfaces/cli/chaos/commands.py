"""`clarion chaos …`: what may be broken, and how much."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from clarion.surfaces.cli.chaos.plan import ALL, FULL, LARGEST_SEED, QUICK, Plan, drawn
from clarion.surfaces.cli.chaos.point_commands import points
from clarion.surfaces.cli.chaos.simulate_command import simulate
from clarion.surfaces.cli.chaos.time_command import time
from clarion.surfaces.cli.measuring import run_and_keep

chaos = typer.Typer(
    name="chaos",
    help="Break a throwaway system on purpose and count what was lost or doubled; loopback only, stopped afterwards.",
    no_args_is_help=True,
)

Json = Annotated[Path | None, typer.Option("--json", help="Where the results go; default: bench-results/chaos-….json")]
Seed = Annotated[
    int | None, typer.Option(min=0, max=LARGEST_SEED, help="Of the times and victims; default: a new one.")
]
Number = Annotated[
    int, typer.Option("--n", min=20, max=200_000, help="Notifications sent by each experiment, at least.")
]
Workers = Annotated[int, typer.Option(min=1, max=16, help="Worker processes.")]
Kills = Annotated[int, typer.Option(min=1, max=50, help="How often it happens, at random moments.")]
Every = Annotated[float, typer.Option(min=0.5, max=60, help="Seconds from one to the next.")]
Down = Annotated[float, typer.Option(min=0, max=120, help="Seconds for which it is kept down.")]
Threads = Annotated[int, typer.Option("--senders", min=1, max=32, help="Clients that send at the same time.")]
KILL_EVERY = 6.0
STORE_EVERY = 20.0
CUT_EVERY = 8.0


@chaos.command(name="all")
def everything(
    quick: Annotated[bool, typer.Option("--quick", help="Less of each: some four minutes.")] = False,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Every experiment, one after the other, on one system."""
    _run(ALL, QUICK if quick else FULL, seed, json)


@chaos.command()
def kill(
    n: Number = FULL.number,
    kills: Kills = FULL.kills,
    every: Every = KILL_EVERY,
    workers: Workers = FULL.workers,
    senders: Threads = FULL.senders,
    lists: Annotated[bool, typer.Option("--lists", help="Send by bulk calls of 500: for very many messages.")] = False,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """SIGKILL worker processes at random moments while messages are sent."""
    plan = replace(FULL, number=n, kills=kills, every=every, workers=workers, senders=senders, lists=lists)
    _run(("kill",), plan, seed, json)


@chaos.command()
def restart(
    n: Number = FULL.number,
    rounds: Annotated[int, typer.Option(min=1, max=50, help="How often all workers are restarted.")] = 2,
    every: Every = KILL_EVERY,
    workers: Workers = FULL.workers,
    senders: Threads = FULL.senders,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """SIGTERM the workers one after the other, as a rolling deployment does: nothing may be doubled."""
    plan = replace(FULL, number=n, kills=rounds, every=every, workers=workers, senders=senders)
    _run(("restart",), plan, seed, json)


@chaos.command()
def flush(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """FLUSHALL while messages are sent: everything in Redis is gone."""
    _run(("flush",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def redis(
    n: Number = FULL.number,
    down: Down = FULL.down,
    workers: Workers = FULL.workers,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Keep Redis down, the broker with it: the API goes on accepting, the workers go on sending."""
    _run(("redis",), replace(FULL, number=n, down=down, workers=workers), seed, json)


@chaos.command()
def postgres(
    n: Number = FULL.number,
    kills: Kills = 2,
    every: Every = STORE_EVERY,
    workers: Workers = FULL.workers,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """SIGKILL PostgreSQL: what was acknowledged is there when it is back."""
    _run(("postgres",), replace(FULL, number=n, kills=kills, every=every, workers=workers), seed, json)


@chaos.command()
def pause(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """SIGSTOP a worker for longer than its leases last, and let it wake: it may not write what others have done."""
    _run(("pause",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def cuts(
    n: Number = FULL.number,
    times: Kills = 2,
    every: Every = CUT_EVERY,
    workers: Workers = FULL.workers,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """End every connection to PostgreSQL and Redis, five times a second for two seconds."""
    _run(("cuts",), replace(FULL, number=n, kills=times, every=every, workers=workers), seed, json)


@chaos.command()
def wires(
    n: Number = FULL.number,
    burst: Annotated[float, typer.Option(min=0.5, max=60, help="Seconds for which it goes on.")] = FULL.burst,
    workers: Workers = FULL.workers,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Cut the connections to the mail server and the webhook receiver at any byte."""
    _run(("wires",), replace(FULL, number=n, burst=burst, workers=workers), seed, json)


@chaos.command()
def provider(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """Bursts of 429 with Retry-After, and of 503, by webhook; of 421 and 451 by mail."""
    _run(("provider",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def reset(n: Number = FULL.number, workers: Workers = FULL.workers, seed: Seed = None, json: Json = None) -> None:
    """A mail server takes every mail and resets the connection: held, or sent once more, as the category says."""
    _run(("reset",), replace(FULL, number=n, workers=workers), seed, json)


@chaos.command()
def callers(
    callers: Annotated[int, typer.Option(min=2, max=500, help="Callers at the same time.")] = FULL.callers,
    keys: Annotated[int, typer.Option(min=1, max=10_000, help="Idempotency keys; every caller uses each.")] = FULL.keys,
    workers: Workers = FULL.workers,
    seed: Seed = None,
    json: Json = None,
) -> None:
    """Many callers send with the same idempotency keys: one notification for each key."""
    _run(("callers",), replace(FULL, callers=callers, keys=keys, workers=workers), seed, json)


def _run(names: Sequence[str], plan: Plan, seed: int | None, json: Path | None) -> None:
    from clarion.surfaces.cli.chaos.experiments import run_chaos

    plan = replace(plan, seed=drawn(seed))
    first = f"Seed {plan.seed}: --seed {plan.seed} draws the same moments and victims again."
    run_and_keep(lambda meter: run_chaos(names, plan, meter), json, "chaos", first=first)


for more in (points, simulate, time):
    chaos.command()(more)
