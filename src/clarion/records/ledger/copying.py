"""Rows into tables by COPY, on the connection of the running transaction: value by value, or as lines that are written
out already, which costs a fraction where most of a line is the same for thousands."""

from collections.abc import Iterable, Sequence
from datetime import datetime
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


NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def line_of(values: Iterable[object]) -> str:
    """Values as a line, or the end of one, in COPY's text format: texts, numbers, UUIDs, booleans, times and None."""
    return "\t".join(_field(value) for value in values)


def _field(value: object) -> str:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.isoformat() if isinstance(value, datetime) else str(value).translate(_ESCAPES)


def copy_lines(table: str, columns: Sequence[str], lines: Sequence[str]) -> None:
    """Append rows that are lines of COPY's text format. Does nothing for none."""
    if not lines:
        return
    with connection.cursor() as cursor, cursor.cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        copy.write("\n".join(lines) + "\n")
