"""The hot statements' way to PostgreSQL: bound and prepared by the server, so that it parses and plans them once.

Django binds on the client, which costs a plan each time. Rows come in binary, which C reads; long lists of ids go as
one text (`uuids`), for the driver writes arrays item by item in Python. Runs on Django's own connection of this thread,
inside whatever transaction is open, and raises Django's database errors.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from psycopg import Cursor
from psycopg.types.json import set_json_loads

Row = tuple[Any, ...]
# what comes in binary is read by the driver, with the standard library unless told otherwise, at four times the cost
set_json_loads(msgspec.json.decode)


def fetch(statement: str, values: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
    """Run a statement and fetch all its rows (none for a statement that returns nothing)."""
    connection.ensure_connection()
    raw = connection.connection
    assert raw is not None
    with connection.wrap_database_errors, Cursor(raw) as cursor:
        cursor.execute(statement, values, prepare=True, binary=True)
        return cursor.fetchall() if cursor.description is not None else []


def uuids(ids: Iterable[UUID]) -> str:
    """An array literal for `%s::uuid[]`."""
    return "{" + ",".join([one.hex for one in ids]) + "}"
