"""Rows into tables by COPY, on the connection of the running transaction."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Append rows; names are ours, never input. Does nothing for no rows."""
    pending = list(rows)
    if not pending:
        return
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in pending:
            copy.write_row(row)
