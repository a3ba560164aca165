"""`clarion bench …`: what may be asked, and how much of it."""

import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from clarion.surfaces.cli.bench.measured import FULL, QUICK, BenchFailed, Extent
from clarion.surfaces.cli.exits import Exit, leave

ALL = ("start", "latency", "send", "deliver")
INTERRUPTED = 130

bench = typer.Typer(name="bench", help="Measure this machine: a system of its own, loopback only, stopped afterwards.")

Json = Annotated[Path | None, typer.Option("--json", help="Where the results go; default: bench-results/bench-….json")]
Workers = Annotated[int, typer.Option(min=1, max=16, help="Worker processes of the system under test.")]
Number = Annotated[int, typer.Option("--n", min=10, max=100_000, help="Notifications for each channel.")]
Singles = Annotated[int, typer.Option("--n", min=10, max=2_000, help="Sends for each channel.")]
Lists = Annotated[int, typer.Option("--n", min=100, max=100_000, help="Recipients of the longest list.")]
Files = Annotated[int, typer.Option("--n", min=100, max=3_000_000, help="Lines of the longest file.")]
Backlog = Annotated[int, typer.Option("--n", min=10_000, max=5_000_000, help="Entries of the longest queue.")]
Lasting = Annotated[int, typer.Option("--n", min=100, max=10_000_000, help="Emails in all.")]
Renderings = Annotated[int, typer.Option("--n", min=500, max=1_000_000, help="Mails each way.")]
Few = Annotated[int, typer.Option(min=50, max=10_000, help="WebSockets that are connected.")]
Many = Annotated[int, typer.Option(min=50, max=10_000, help="WebSockets for fan-out and the storm.")]
Behind = Annotated[int, typer.Option("--n", min=50, max=2_000_000, help="Low emails that wait.")]
Gate = Annotated[int, typer.Option("--n", min=2_000, max=1_000_000, help="People with wishes of every kind.")]
Seconds = Annotated[float, typer.Option(min=0.5, max=60, help="Seconds of load for each setting.")]


@bench.callback(invoke_without_command=True)
def quick(context: typer.Context, json: Json = None) -> None:
    """All experiments in a quick form (under three minutes) when no one is named."""
    if context.invoked_subcommand is None:
        _run(ALL, QUICK, json)


@bench.command(name="all")
def everything(json: Json = None, workers: Workers = 1) -> None:
    """All experiments at full length: what docs/reference/benchmarks.md publishes."""
    _run(ALL, replace(FULL, workers=workers), json)


@bench.command()
def start(json: Json = None, workers: Workers = 1) -> None:
    """Seconds from `clarion up` to ready, cold and warm."""
    _run(("start",), replace(FULL, workers=workers), json)


@bench.command()
def latency(n: Singles = FULL.singles, json: Json = None, workers: Workers = 1) -> None:
    """Milliseconds from a call to the API to arrival, one send after another."""
    _run(("latency",), replace(FULL, singles=n, workers=workers), json)


@bench.command()
def send(seconds: Seconds = FULL.seconds, json: Json = None, workers: Workers = 1) -> None:
    """Single sends taken by the API per second, with 8 and 32 connections."""
    _run(("send",), replace(FULL, seconds=seconds, workers=workers), json)


@bench.command()
def deliver(n: Number = FULL.backlog, json: Json = None, workers: Workers = 1) -> None:
    """Notifications delivered per second from a backlog, by channel."""
    _run(("deliver",), replace(FULL, backlog=n, workers=workers), json)


@bench.command()
def compare(n: Number = FULL.many, seconds: Seconds = FULL.seconds, json: Json = None, workers: Workers = 1) -> None:
    """The same work on the textbook design (benchmarks/textbook) and on Clarion, in turns."""
    _run(("compare",), replace(FULL, many=n, seconds=seconds, workers=workers), json)


@bench.command()
def ingest(n: Lists = FULL.lists[-1], json: Json = None) -> None:
    """Recipients of a bulk call taken in per second, and the memory that takes: n and a tenth of n."""
    _run(("ingest",), replace(FULL, lists=(n // 10, n)), json)


@bench.command()
def upload(n: Files = FULL.files[-1], json: Json = None) -> None:
    """Lines of an uploaded file kept per second, and the memory that takes: n and a tenth of n."""
    _run(("upload",), replace(FULL, files=(n // 10, n)), json)


@bench.command()
def realtime(few: Few = FULL.sockets[0], many: Many = FULL.sockets[1], json: Json = None, workers: Workers = 1) -> None:
    """Milliseconds from a send to the frame, connects, fan-out and a reconnect storm, beside plain Channels."""
    _run(("realtime",), replace(FULL, sockets=(few, many), workers=workers), json)


@bench.command()
def urgent(n: Behind = FULL.many * 5, json: Json = None, workers: Workers = 1) -> None:
    """Milliseconds to the provider for critical email behind n low ones."""
    _run(("urgent",), replace(FULL, many=n // 5, workers=workers), json)


@bench.command()
def backlog(n: Backlog = FULL.backlogs[-1], json: Json = None) -> None:
    """Milliseconds of a claim behind 1,000 due entries, a tenth of n, and n."""
    _run(("backlog",), replace(FULL, backlogs=(1_000, n // 10, n)), json)


@bench.command()
def memory(n: Lasting = FULL.lasting, json: Json = None, workers: Workers = 1) -> None:
    """What a worker has resident after each tenth of n emails."""
    _run(("memory",), replace(FULL, lasting=n, workers=workers), json)


@bench.command()
def render(n: Renderings = FULL.renderings, json: Json = None) -> None:
    """Milliseconds to render a designed 4 kB email with a loop, beside plain Jinja2 in turns."""
    _run(("render",), replace(FULL, renderings=n), json)


@bench.command()
def gate(n: Gate = FULL.gated, json: Json = None) -> None:
    """Microseconds a message at the gate, facts included: with and without what it remembers, in turns."""
    _run(("gate",), replace(FULL, gated=n), json)


@bench.command()
def providers(n: Number = FULL.handed_over, json: Json = None) -> None:
    """Messages handed over per second, each provider against a quick stand-in for its vendor."""
    _run(("providers",), replace(FULL, handed_over=n), json)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(names: Sequence[str], extent: Extent, json: Path | None) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from clarion.embedded.errors import EmbeddedError
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.bench.experiments import run_experiments
    from clarion.surfaces.cli.bench.report import Bar, default_path, show, write_json
    from clarion.surfaces.cli.demo_system import DemoFailed

    console = Console()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console, transient=True) as progress:
            run = run_experiments(names, extent, Bar(progress))
    except KeyboardInterrupt:
        typer.echo("Interrupted; everything is stopped.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    except (BenchFailed, DemoFailed, ApiError, EmbeddedError) as error:
        leave(Exit.FAILED, str(error))
    show(run, console)
    path = json or default_path(run)
    try:
        write_json(run, path)
    except OSError as error:
        leave(Exit.FAILED, f"The results could not be written to {path} ({error.strerror}). Give another --json.")
    console.print(f"Results: {path}", highlight=False, soft_wrap=True)
    if run.flaws:
        raise typer.Exit(int(Exit.FAILED))
