"""`clarion manage …`: Django's management commands, ours among them."""

import os
import sys
import warnings

import typer

from clarion.surfaces.cli.exits import Exit, leave
from clarion.surfaces.cli.upenv import SETTINGS

# Everything after `manage` is Django's, also --help and options we do not know.
PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def manage(context: typer.Context) -> None:
    """Run a management command: makemigrations, shell, check, seed_demo, rotate_keys, mirror_accounts, …"""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import OperationalError, ProgrammingError

    from clarion.surfaces.cli.running_system import adopt

    adopt()
    try:
        execute_from_command_line(["clarion manage", *_arguments(context.args)])
    except ImproperlyConfigured as error:
        leave(Exit.USAGE, str(error))
    except OperationalError:
        leave(Exit.FAILED, "The database does not answer: check CLARION_DATABASE_URL and that the server runs.")
    except ProgrammingError as error:
        if getattr(error.__cause__, "sqlstate", "") != "42P01":
            raise
        leave(Exit.FAILED, "A table is missing: run `clarion migrate` first.")
    sys.stdout.flush()


def _arguments(given: list[str]) -> list[str]:
    """`makemigrations` compares models with files: on a bare checkout it must not ask for secrets and servers."""
    if given[:1] != ["makemigrations"] or os.environ.get("CLARION_DATABASE_URL"):
        return given
    warnings.filterwarnings("ignore", "Got an error checking a consistent migration history", RuntimeWarning)
    return [*given, "--skip-checks"]
