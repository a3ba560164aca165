"""`clarion createstaff`: the first person who may log in to the console."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clarion.surfaces.cli.exits import Exit, leave
from clarion.surfaces.cli.upenv import SETTINGS

if TYPE_CHECKING:
    from clarion.records.people.models import User


def createstaff(
    email: Annotated[str, typer.Option(help="Email address; the login name.", prompt=True)],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input, for scripts.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote", help="Without asking, make an existing user staff and set the password.")
    ] = False,
    data_dir: Annotated[
        Path | None, typer.Option(help="Of a `clarion up` on this machine; ./.clarion where nothing is configured.")
    ] = None,
) -> None:
    """Create a staff user, or make an existing user one."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError, ProgrammingError

    from clarion.contract.input_error import InputError
    from clarion.surfaces.cli.running_system import adopt

    adopt(data_dir)
    try:
        django.setup()
        _create(email, from_stdin=password_stdin, promote=promote)
    except ImproperlyConfigured as error:
        leave(Exit.USAGE, str(error))
    except InputError as error:
        leave(Exit.USAGE, error.message)
    except OperationalError:
        leave(Exit.FAILED, "The database does not answer: check CLARION_DATABASE_URL and that the server runs.")
    except ProgrammingError:
        leave(Exit.FAILED, "A table is missing: run `clarion migrate` first.")


def _create(email: str, *, from_stdin: bool, promote: bool) -> None:
    from clarion.contract.channel import ChannelKey
    from clarion.records.people import directory
    from clarion.records.people.models import User

    _check_keys()
    address = directory.checked_address(ChannelKey.EMAIL, email, "/email")
    known = User.objects.with_email(address).first()
    if known is not None and not promote:
        _confirm(known, from_stdin=from_stdin)
    user = known or User(permissions=["staff"])
    password = _password(user, from_stdin=from_stdin)
    user.is_staff = user.is_active = True
    user.set_password(password)
    if known is None:
        directory.apply(user, {"email": address})
        directory.save(user)
    else:
        from clarion.records.access import tokens

        directory.save(user, ("is_staff", "is_active", "password"))
        tokens.revoke_all(user)
    typer.echo(f"{'Created' if known is None else 'Updated'}: {address} may log in as staff.")


def _check_keys() -> None:
    """Addresses are sealed, so without a key nothing can be stored."""
    from clarion.records.personal.envelope import InvalidKey
    from clarion.records.personal.ring import ring

    try:
        ring()
    except InvalidKey as error:
        leave(Exit.USAGE, f"CLARION_ENCRYPTION_KEYS: {error}. It must be the server's own.")


def _confirm(user: "User", *, from_stdin: bool) -> None:
    what = "is staff already; set a new password?" if user.is_staff else "is a user already; make them staff?"
    if from_stdin or not sys.stdin.isatty():
        leave(Exit.USAGE, "There is a user with this address already. Give --promote to make them staff.")
    if not typer.confirm(f"This address {what}"):
        leave(Exit.FAILED, "Nothing was changed.")


def _password(user: "User", *, from_stdin: bool) -> str:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    if from_stdin:
        given = sys.stdin.readline().rstrip("\r\n")
    else:
        given = str(typer.prompt("Password", hide_input=True, confirmation_prompt="Password, once more"))
    try:
        validate_password(given, user)
    except ValidationError as error:
        leave(Exit.USAGE, "\n".join(error.messages))
    return given
