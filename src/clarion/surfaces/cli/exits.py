"""The exit codes of `clarion` and the way out with a plain sentence instead of a traceback."""

from enum import IntEnum
from typing import NoReturn

import typer


class Exit(IntEnum):
    """What a script may tell apart; 0 also after Ctrl-C."""

    OK = 0
    FAILED = 1
    USAGE = 2  # wrong arguments (also typer's own code)
    TAKEN = 3  # the data directory or the port is in use


def leave(code: Exit, text: str) -> NoReturn:
    """Say why on stderr and end the command."""
    typer.secho(text, err=True, fg=typer.colors.RED if code else None)
    raise typer.Exit(int(code))
