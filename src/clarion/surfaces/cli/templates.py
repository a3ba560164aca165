"""`clarion templates`: templates as files, for teams that keep them in git. Everything goes through the HTTP API."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.surfaces.cli.exits import Exit, leave

if TYPE_CHECKING:
    from clarion.surfaces.cli.templates_session import Session

templates = typer.Typer(name="templates", help="Templates as files: pull, push, diff.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the templates.")]
Url = Annotated[str, typer.Option(help="Of the API; else CLARION_API_URL, else the demo's.")]
Key = Annotated[
    str, typer.Option("--key", "--api-key", help="Else CLARION_API_KEY, which others cannot read; else the demo's.")
]
DataDir = Annotated[Path, typer.Option(help="Where `clarion up` keeps demo.json.")]
Only = Annotated[
    list[str] | None, typer.Option(metavar="PATH", help="Only these templates; order.* takes all that begin so.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Also where somebody's changes are lost by it.")]
DEMO_DIR = Path(".clarion")


@templates.command()
def pull(
    folder: Folder,
    url: Url = "",
    key: Key = "",
    data_dir: DataDir = DEMO_DIR,
    only: Only = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the server's templates into DIR: the drafts where there are any, else what is in force.

    Files that were changed since the last pull or push are left as they are. Exit codes: 0 done, 1 some were left, or
    the server refused, 2 DIR cannot be read.
    """
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.templates_moves import pull_all

    try:
        session = _session(folder, url, key, data_dir, only)
        left = pull_all(session, overwrite=overwrite)
    except ApiError as error:
        leave(Exit.FAILED, str(error))
    except ValueError as error:
        leave(Exit.USAGE, str(error))
    if left:
        words = "These files were changed here and on the server. Push them, or pull with --overwrite to lose yours: "
        leave(Exit.FAILED, words + ", ".join(left))


@templates.command()
def push(
    folder: Folder,
    url: Url = "",
    key: Key = "",
    data_dir: DataDir = DEMO_DIR,
    only: Only = None,
    publish: Annotated[bool, typer.Option("--publish", help="Put them in force; else they become drafts.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Take those out of use that DIR does not have.")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Without asking; else a terminal is asked.")] = False,
    overwrite: Overwrite = False,
    note: Annotated[str, typer.Option(help="Why; kept with the versions.")] = "",
) -> None:
    """Show what DIR would change on the server; then, with --apply or a yes, change it.

    What somebody edited on the server meanwhile is refused. Exit codes: 0 done or nothing to do (also a plan without
    conflicts), 1 conflicts, errors or refusals, 2 DIR cannot be read.
    """
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.templates_moves import Wanted, apply_push, plan_of_push

    wanted = Wanted(publish=publish, prune=prune, overwrite=overwrite, note=note)
    try:
        session = _session(folder, url, key, data_dir, only)
        plan = plan_of_push(session, wanted)
        if plan.stops:
            leave(Exit.FAILED, plan.stops)
        if not plan.has_work:
            return
        if not apply and not _agreed():
            typer.echo("Nothing was changed. Run it again with --apply to change it.")
            return
        failed = apply_push(session, plan.steps, wanted)
    except ApiError as error:
        leave(Exit.FAILED, str(error))
    except ValueError as error:
        leave(Exit.USAGE, str(error))
    if failed:
        leave(Exit.FAILED, f"{failed} of the templates were refused; the others are done.")


@templates.command()
def diff(folder: Folder, url: Url = "", key: Key = "", data_dir: DataDir = DEMO_DIR, only: Only = None) -> None:
    """Show what differs between the server and DIR, as a patch toward DIR. Exit codes: 0 nothing, 1 something, 2 it
    could not be found out."""
    from clarion.surfaces.cli.api_client import ApiError
    from clarion.surfaces.cli.templates_moves import differ

    try:
        if differ(_session(folder, url, key, data_dir, only)):
            raise typer.Exit(Exit.FAILED)
    except (ApiError, ValueError) as error:
        leave(Exit.USAGE, str(error))


def _session(folder: Path, url: str, key: str, data_dir: Path, only: list[str] | None) -> "Session":
    """Raises ValueError saying what to give."""
    from clarion.surfaces.cli.send import connect
    from clarion.surfaces.cli.templates_session import Session

    return Session.open(connect(url, key, data_dir), folder, tuple(only or ()))


def _agreed() -> bool:
    """Asked on a terminal only; whoever pipes must say --apply."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm("Change this on the server?", default=False)
