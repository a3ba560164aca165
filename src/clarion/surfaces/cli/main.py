"""The `clarion` console script: which commands there are.

Importing this imports no Django and no command's work, so that `--help` answers at once; commands import what they need
when they run.
"""

import typer

from clarion.surfaces.cli.bench.commands import bench
from clarion.surfaces.cli.chaos.commands import chaos
from clarion.surfaces.cli.createstaff import createstaff
from clarion.surfaces.cli.demo import demo
from clarion.surfaces.cli.doctor import doctor
from clarion.surfaces.cli.explain import explain
from clarion.surfaces.cli.lint import lint
from clarion.surfaces.cli.manage import PASS_THROUGH, manage
from clarion.surfaces.cli.processes import beat, migrate, realtime, web, worker
from clarion.surfaces.cli.send import send
from clarion.surfaces.cli.simulate import simulate
from clarion.surfaces.cli.templates import templates
from clarion.surfaces.cli.up import up
from clarion.surfaces.cli.vapid import vapid

app = typer.Typer(
    name="clarion",
    help="Self-hosted notifications by email, SMS, push, in-app inbox, WebSocket, webhook and chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 done (also after Ctrl-C), 1 failed, 2 wrong usage, 3 already running or port in use.",
)

for command in (up, web, realtime, worker, beat, migrate):
    app.command()(command)
for helper in (demo, send, explain, lint, doctor, simulate, createstaff, vapid):
    app.command()(helper)
app.command(context_settings=PASS_THROUGH)(manage)
app.add_typer(bench)
app.add_typer(chaos)
app.add_typer(templates)


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
