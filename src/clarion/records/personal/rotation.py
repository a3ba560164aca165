"""Re-sealing every personal column with the newest key, in small batches, while the system works.

A row changed meanwhile by somebody else is left alone (the writer sealed it with the newest key anyway).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.db import IntegrityError, connection, transaction

from clarion.records.personal.columns import PERSONAL_COLUMNS, Form, PersonalColumn
from clarion.records.personal.envelope import KeyRing, Undecryptable, place_of

BATCH = 500
Change = tuple[bytes, bytes, object, bytes]
"""Sealed anew, its look-up hash, the row's id, sealed as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """After one batch: what was re-sealed and what could not be opened, by table and column. `colliding` are the rows
    left as they were because another has the same address, which may be there only once."""

    table: str
    column: str
    resealed: int
    undecryptable: int
    colliding: tuple[object, ...] = ()


def rotate(ring: KeyRing) -> Iterator[Progress]:
    """Walk all sealed columns until a pass finds nothing to re-seal; yields after each batch. Safe to stop and to run
    again. The later passes catch rows that somebody, having read them before, wrote back as they were."""
    first = True
    while True:
        found = False
        for column in PERSONAL_COLUMNS:
            if column.form is Form.SEALED:
                for progress in _rotate_column(ring, column):
                    found = found or progress.resealed > 0
                    yield progress if first else replace(progress, undecryptable=0, colliding=())
        if not found:
            return
        first = False


def _rotate_column(ring: KeyRing, column: PersonalColumn) -> Iterator[Progress]:
    last = "00000000-0000-0000-0000-000000000000"
    hashed = _hashed_from(column)
    kind = f'"{hashed.kind_column}"' if hashed and hashed.kind_column else "''"
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT id, "{column.column}", {kind} FROM "{column.table}" WHERE id > %s'
                f' AND "{column.column}" IS NOT NULL AND substring("{column.column}" from 2 for 4) <> %s'
                " ORDER BY id LIMIT %s",
                [last, ring.newest.id, BATCH],
            )
            rows = cursor.fetchall()
        if not rows:
            return
        last = str(rows[-1][0])
        yield _reseal(ring, column, rows)


def _hashed_from(column: PersonalColumn) -> PersonalColumn | None:
    """The look-up hash that is made from a sealed column."""
    return next((c for c in PERSONAL_COLUMNS if c.table == column.table and c.made_from == column.column), None)


def _reseal(ring: KeyRing, column: PersonalColumn, rows: list[tuple[object, bytes, str]]) -> Progress:
    hashed = _hashed_from(column)
    changes: list[Change] = []
    lost = 0
    for row, sealed, kind in rows:
        place = place_of(column.table, row, column.column)
        try:
            plain = ring.open(bytes(sealed), place)
        except Undecryptable:
            lost += 1
            continue
        lookup = ring.lookup_hash(kind or hashed.kind, plain.decode()) if hashed else b""
        changes.append((ring.seal(plain, place), lookup, row, bytes(sealed)))
    colliding = _write_all(column, hashed, changes)
    done = len(changes) - len(colliding)
    return Progress(
        table=column.table, column=column.column, resealed=done, undecryptable=lost, colliding=tuple(colliding)
    )


def _write_all(column: PersonalColumn, hashed: PersonalColumn | None, changes: list[Change]) -> list[object]:
    """Write at once; row by row where that fails, so that one address stored twice does not hold up the others.
    Returns the rows that cannot be written."""
    try:
        _write(column, hashed, changes)
    except IntegrityError:
        return [change[2] for change in changes if not _writes(column, hashed, change)]
    return []


def _writes(column: PersonalColumn, hashed: PersonalColumn | None, change: Change) -> bool:
    try:
        _write(column, hashed, [change])
    except IntegrityError:
        return False
    return True


def _write(column: PersonalColumn, hashed: PersonalColumn | None, changes: list[Change]) -> None:
    also = f', "{hashed.column}" = change.lookup' if hashed else ""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{column.table}" AS t SET "{column.column}" = change.sealed{also}'
            " FROM unnest(%s::bytea[], %s::bytea[], %s::uuid[], %s::bytea[]) AS change(sealed, lookup, id, old)"
            f' WHERE t.id = change.id AND t."{column.column}" = change.old',
            [[c[0] for c in changes], [c[1] for c in changes], [c[2] for c in changes], [c[3] for c in changes]],
        )
