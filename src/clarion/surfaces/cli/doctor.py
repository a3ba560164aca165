"""`clarion doctor`: is everything in order, and if not, what to do. The checks are in `diagnosis/`."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.surfaces.cli.exits import Exit, leave
from clarion.surfaces.cli.upenv import SETTINGS

if TYPE_CHECKING:
    from rich.console import Console

    from clarion.surfaces.cli.diagnosis.finding import Finding

CONNECT_SECONDS = "5"


def doctor(
    data_dir: Annotated[
        Path | None, typer.Option(help="Of a `clarion up` on this machine; ./.clarion where nothing is configured.")
    ] = None,
) -> None:
    """Check configuration, database, Redis, workers and every provider account; say what to do."""
    from rich.console import Console

    from clarion.surfaces.cli.running_system import adopt

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    os.environ.setdefault("PGCONNECT_TIMEOUT", CONNECT_SECONDS)
    if data_dir is not None:
        # asked for by name, so it comes before a database of the environment
        os.environ.pop("CLARION_DATABASE_URL", None)
        os.environ.pop("CLARION_REDIS_URL", None)
    adopted = adopt(data_dir)
    if data_dir is not None and not adopted:
        leave(Exit.FAILED, f"No `clarion up` runs on {data_dir}. Start it, or leave --data-dir out to check the rest.")
    console = Console()
    with console.status("looking"):
        findings = list(_examine())
    _show(console, findings)
    if adopted:
        console.print("Looked at the `clarion up` of this directory; set CLARION_DATABASE_URL to look elsewhere.")
    if any(finding.state == "failed" for finding in findings):
        raise typer.Exit(Exit.FAILED)


def _examine() -> "Iterator[Finding]":
    """Area by area; one that leans on a failed one is left out, since it would only repeat it."""
    from clarion.surfaces.cli.diagnosis import configuration

    yield from (found := configuration.environment())
    yield from configuration.python_release()
    if any(finding.state == "failed" for finding in found):
        return
    import django

    django.setup()
    logging.disable(logging.CRITICAL)  # what would be logged is said in the table
    yield from _examine_servers()


def _examine_servers() -> "Iterator[Finding]":
    from clarion.surfaces.cli.diagnosis import accounts, configuration, stores, text_messages, work

    yield from (checked := configuration.system_checks())
    yield from configuration.public_url()
    yield from (database := stores.database())
    yield from stores.memory_store()
    yield from stores.broker()
    yield from work.processes()
    after: list[Callable[[], list[Finding]]] = [work.backlog, accounts.probe_all, text_messages.limits]
    unusable = {f.subject for f in (*checked, *database) if f.state == "failed"}
    if unusable & {"database", "migrations", "settings clarion.E002"}:
        return
    for look in after:
        yield from look()


def _show(console: "Console", findings: "list[Finding]") -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "note": "cyan", "warning": "yellow", "failed": "bold red"}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("what", no_wrap=True)
    table.add_column("how it is", overflow="fold")
    table.add_column("what to do", overflow="fold")
    for finding in findings:
        table.add_row(
            Text(finding.state, style=styles[finding.state]), finding.subject, Text(finding.text), Text(finding.remedy)
        )
    console.print(table)
    bad = sum(finding.state == "failed" for finding in findings)
    odd = sum(finding.state == "warning" for finding in findings)
    console.print(
        f"{bad} failed, {odd} {'warning' if odd == 1 else 'warnings'}" if bad or odd else "Everything is in order."
    )
